"""Finds the notable conditions of a request, from the document and earlier requests."""

from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.results.conditions import ACCEPT, ORDER, Condition, Conditions, kinds_of
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.results.grounding import parsed
from lockstep.results.request_reader import RequestReader, Value, json_scalar, path_values
from lockstep.results.trace import Trace
from lockstep.transport.json_bodies import scalars
from lockstep.transport.messages import Request, Response, status_of

_CONDITIONAL = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "range")
# What a browser adds to a request of another origin, and to the one that it sends before.
_ORIGIN, _PREFLIGHT = "origin", "access-control-request-method"
_ASKED = "access-control-request-headers"
_GONE = (404, 410)
_UNAUTHORISED = 401
_FORBIDDEN = 403
_UNSUPPORTED = 415
_NOT_ACCEPTABLE = 406
# Notability from which a text is also reported for an identifier in a path.
_CONTROL = 5
# Unicode categories of control, format and separator characters and of surrogates.
_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# A path parameter accepts any value if this many unknown ones were accepted, of which at least one
# is unlikely to be the id of an existing resource: a large number, or a text. If the document has
# no path to list or create such resources at, one is enough.
_ACCEPTED = 3
_LARGE = 1_000
# Larger integers lose digits as binary64 numbers (RFC 8259, section 6).
_EXACT = 2**53


class ConditionReader:
    """Finds the conditions of exchanges, from the document and earlier requests."""

    def __init__(
        self,
        document: Document,
        conformance: Conformance,
        other_users: Collection[str] = frozenset(),
    ) -> None:
        self._document = document
        self._other_users = other_users
        # Unknown values that were accepted, by path and parameter.
        self._accepted: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._collections: dict[str, bool] = {}
        self.requests = RequestReader(document, conformance)

    def read(self, exchange: Exchange, trace: Trace, *, from_clients: bool = False) -> Conditions:
        """Return the conditions of the request of an exchange; none for a plain valid request.

        `trace` knows which exchanges created and deleted resources before. The credentials of
        requests `from_clients` are bad if the leader rejects them: nothing else is known of them.
        """
        request = exchange.request
        operation = self._document.find(request.method, request.path)
        if operation is None:
            return (self._undocumented(request),)
        conditional = _CONDITIONAL if from_clients else (*_CONDITIONAL, _ORIGIN)
        credentials = set(self._credentials(operation, exchange, from_clients=from_clients))
        is_signed = kinds_of(tuple(credentials)) <= {"other user"}
        found = {
            *credentials,
            *self._faults(operation, request),
            *self._things(operation, exchange, trace, is_signed=is_signed),
            *(
                Condition("precondition", name)
                for name in conditional
                if request.header(name) is not None
            ),
            *self._repeated(exchange, trace),
            *_unsupported(exchange),
            *_negotiated(exchange),
        }
        if not found or kinds_of(tuple(found)) == {"other user"}:
            found.update(self._notable(operation, request))
        self._note_accepted(operation, exchange, found)
        return tuple(sorted(found, key=lambda one: (ORDER[one.kind], one.subject, one.detail)))

    def settled(self, operation: str, conditions: Conditions) -> Conditions:
        """Return conditions found early in a run, without those that proved meaningless."""
        known = self._document.operations.get(operation)
        if known is None:
            return conditions
        return tuple(
            one
            for one in conditions
            if one.kind != "unknown thing" or not self._takes_any(known, one.subject)
        )

    def _note_accepted(
        self, operation: Operation, exchange: Exchange, found: Iterable[Condition]
    ) -> None:
        if exchange.request.method not in SAFE_METHODS:
            return
        if any((status_of(outcome) or 599) >= 300 for outcome in exchange.outcomes.values()):
            return
        unknown = [one.subject for one in found if one.kind == "unknown thing"]
        values = path_values(operation.path, exchange.request.path.partition("?")[0])
        for name in unknown:
            # A resource that shows its own identifier existed from the start.
            if values[name] not in scalars(parsed(exchange.leader)):
                self._accepted[operation.path, name].add(values[name])

    def _takes_any(self, operation: Operation, name: str) -> bool:
        accepted = self._accepted.get((operation.path, name), ())
        if accepted and not self._has_collection(name):
            return True
        return len(accepted) >= _ACCEPTED and not all(
            value.isascii() and value.isdigit() and int(value) < _LARGE for value in accepted
        )

    def _has_collection(self, name: str) -> bool:
        """Whether a path with the parameter extends a path that is documented, too."""
        known = self._collections.get(name)
        if known is None:
            paths = {operation.path for operation in self._document.operations.values()}
            before = {
                path.partition("/{" + name + "}")[0] for path in paths if f"{{{name}}}" in path
            }
            known = self._collections[name] = not before.isdisjoint(paths)
        return known

    def _undocumented(self, request: Request) -> Condition:
        if request.method == "OPTIONS" and request.header(_PREFLIGHT) is not None:
            return Condition("preflight", request.header(_ASKED) or "")
        template = self._document.template(request.path)
        return (
            Condition("undocumented method", request.method)
            if template
            else Condition("unknown path")
        )

    def _credentials(
        self, operation: Operation, exchange: Exchange, *, from_clients: bool
    ) -> Iterator[Condition]:
        request = exchange.request
        if operation.requires_auth and request.actor is None:
            if not self.requests.has_credentials(request):
                yield Condition("no credentials")
            elif not from_clients or status_of(exchange.leader) == _UNAUTHORISED:
                yield Condition("bad credentials")
        csrf = self.requests.missing_csrf(request) if operation.requires_auth else ""
        if csrf:
            yield Condition("no credentials", csrf)
        wrong = self.requests.wrong_csrf(request) if not from_clients else ""
        if wrong:
            yield Condition("bad credentials", wrong)
        name = (request.actor or "").partition("#")[0]
        if name in self._other_users:
            yield Condition("other user", name)

    def _faults(self, operation: Operation, request: Request) -> Iterator[Condition]:
        for fault in self.requests.faults(operation, request):
            if fault.kind != "no credentials":
                yield Condition(fault.kind, fault.subject, fault.keyword)

    def _things(
        self, operation: Operation, exchange: Exchange, trace: Trace, *, is_signed: bool
    ) -> Iterator[Condition]:
        if "{" not in operation.path:
            return
        found = list(self._known_things(operation, exchange.request, trace))
        yield from found
        name = operation.path.rpartition("{")[2].partition("}")[0]
        status = status_of(exchange.leader)
        if not found and status in _GONE:
            # Deleted with another resource, or never of the type that the path suggests.
            yield Condition("unknown thing", name)
        elif not found and status == _FORBIDDEN and exchange.request.actor and is_signed:
            # Seen in a list only, so that its creator is unknown.
            yield Condition("another's thing", name)

    def _known_things(
        self, operation: Operation, request: Request, trace: Trace
    ) -> Iterator[Condition]:
        values = path_values(operation.path, request.path.partition("?")[0])
        for name, value in values.items():
            # A document may omit the declaration of a path parameter.
            role = self._document.families.parameter(operation.path, name)
            family = role.family if role is not None else ""
            keys = (self._document.scopes.key(family, value, request.path), value)
            maker = next(filter(None, map(trace.maker, keys)), None)
            if maker is None:
                free = self._takes_any(operation, name)
                rank, how = _notable_text(value, {})
                if not free:
                    yield Condition("unknown thing", name)
                if how and (free or rank >= _CONTROL):
                    yield Condition("notable", name, how)
            elif any(trace.was_deleted(key, maker) for key in keys):
                yield Condition("deleted thing", name)
            elif maker.group is not None and maker.group == request.actor:
                yield Condition("oneself", name)
            elif _is_anothers(request, maker):
                yield Condition("another's thing", name)

    def _repeated(self, exchange: Exchange, trace: Trace) -> Iterator[Condition]:
        request = exchange.request
        if request.method in SAFE_METHODS or exchange.group is not None:
            return
        writes = request.method in ("POST", "PUT", "PATCH")
        for name, how in trace.duplicates(exchange) if writes else ():
            yield Condition("duplicate", name, how)
        if trace.was_done(request):
            yield Condition("second time")

    def _notable(self, operation: Operation, request: Request) -> Iterator[Condition]:
        """Yield the most unusual values of a valid request."""
        # Path parameters identify resources, which are handled elsewhere.
        values = (v for v in self.requests.values(operation, request) if not _in_path(v, operation))
        rated = [(notability(item), item) for item in values]
        most = max((rank for (rank, _), _ in rated), default=0)
        for (rank, how), item in rated:
            if rank == most and how:
                yield Condition("notable", item.name, how)


def _unsupported(exchange: Exchange) -> Iterator[Condition]:
    """Yield a condition if a target responds with 415 (RFC 9110, section 15.5.16)."""
    if _UNSUPPORTED in map(status_of, exchange.outcomes.values()):
        yield Condition("media type")


def _negotiated(exchange: Exchange) -> Iterator[Condition]:
    """Yield a condition if the targets do not all offer what is asked for (RFC 9110, 12.5.1)."""
    if exchange.request.header(ACCEPT.subject) is None:
        return
    answers = [each for each in exchange.outcomes.values() if isinstance(each, Response)]
    refused = any(each.status == _NOT_ACCEPTABLE for each in answers)
    if refused or len({each.media_type for each in answers if each.status < 300}) > 1:
        yield ACCEPT


def _is_anothers(request: Request, maker: Exchange) -> bool:
    made = maker.request.method not in SAFE_METHODS
    owners = request.actor, maker.request.actor
    return made and None not in owners and owners[0] != owners[1]


def _in_path(value: Value, operation: Operation) -> bool:
    return "{" + value.name + "}" in operation.path


def notability(item: Value) -> tuple[int, str]:
    """Return how unusual a value is, from 0 to 6, and in which way; `(0, "")` for a plain one."""
    value, schema = item.value, item.schema
    if isinstance(value, str):
        return _notable_text(value, schema)
    if value is None:
        return 2, "null"
    if isinstance(value, bool):
        return 0, ""
    if isinstance(value, int | float):
        return _notable_number(value, schema)
    return (1, "empty") if value in ({}, []) else (0, "")


def _notable_text(value: str, schema: Mapping[str, Any]) -> tuple[int, str]:
    if "\0" in value:
        return 6, "NUL"
    if _CONTROLS.intersection(map(unicodedata.category, value)):
        return 5, "control character"
    if not value.isascii():
        composed = unicodedata.normalize("NFC", value)
        return 4, "non-ASCII" if composed == value else "not normalised"
    if not value:
        return 3, "empty"
    if not value.strip():
        return 3, "blank"
    if value != value.strip():
        return 3, "outer white space"
    for bound in ("minLength", "maxLength"):
        if len(value) == schema.get(bound) and len(value) > 1:
            return 3, bound
    if any(character in value for character in "%_\\'\"<>&"):
        return 2, "special character"
    if value != value.lower() and isinstance(json_scalar(value), str):
        return 1, "upper case"
    return 0, ""


def _notable_number(value: float, schema: Mapping[str, Any]) -> tuple[int, str]:
    if not math.isfinite(value) or abs(value) > _EXACT:
        return 4, "large number"
    for bound in ("minimum", "maximum"):
        if value == schema.get(bound):
            return 3, bound
    if value == 0:
        return 2, "zero"
    if value < 0:
        return 2, "negative"
    return (2, "fraction") if value != int(value) else (0, "")
