"""Minimal corrections of a failing request: the same, with one condition removed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, urlencode
from uuid import uuid4

from lockstep.openapi.document import Document
from lockstep.results.condition_reader import notability
from lockstep.results.conditions import Condition, kinds_of
from lockstep.results.exchange import Exchange
from lockstep.results.request_reader import RequestReader, Value, path_values
from lockstep.transport.contents import content_of, with_content
from lockstep.transport.messages import Request
from lockstep.transport.quoting import shown

# Conditions of the resource in the path, not of the content of a request.
_OF_THINGS = frozenset({"unknown thing", "deleted thing", "another's thing", "oneself"})
_OF_USERS = frozenset({"no credentials", "bad credentials", "other user"})
_OF_BODIES = frozenset({"media type", "no body", "unreadable body", "unknown member"})
# What was sent before may not matter where a value stands out as well.
_OF_THE_PAST = frozenset({"duplicate", "second time"})
_UNDOCUMENTED = "without the members that are not documented"
_OF_CONTENT = frozenset({"content-type", "content-length"})
# Maximum number of values of a valid request that are tried, the most notable first.
_MOST_VALUES = 5


@dataclass(frozen=True, slots=True)
class Correction:
    """Steps with one condition removed, which is the candidate cause; `changed` describes it."""

    condition: Condition
    changed: str
    exchanges: tuple[Exchange, ...]


class Corrector:
    """Proposes corrections, based on requests of the run that succeeded, by operation."""

    def __init__(
        self,
        document: Document,
        reader: RequestReader,
        succeeded: Mapping[str, Sequence[Exchange]],
    ) -> None:
        self._document = document
        self._reader = reader
        self._succeeded = succeeded

    def corrections(
        self, exchanges: tuple[Exchange, ...], conditions: Sequence[Condition]
    ) -> Iterator[Correction]:
        """Yield a correction for each condition that can be removed.

        Then one for each notable value, unless the request is invalid by itself.
        """
        last = exchanges[-1]
        good = self._good(last)
        named = [condition for condition in conditions if condition.kind != "notable"]
        for condition in named:
            found = self._corrected(exchanges, good, condition)
            if found is not None:
                yield Correction(condition, *found)
        if kinds_of(tuple(named)) <= _OF_THE_PAST:
            yield from self._plainer(exchanges, good)

    def without(
        self, exchanges: tuple[Exchange, ...], condition: Condition
    ) -> tuple[Exchange, ...] | None:
        """Return the steps without a notable value or header field; `None` if there is none."""
        last = exchanges[-1]
        if condition.kind == "precondition" and last.request.header(condition.subject) is None:
            return None
        if condition.kind == "parameter" and condition.subject not in _query(last.request):
            return None
        if condition.kind == "notable":
            operation = self._document.find(last.request.method, last.request.path)
            values = self._reader.values(operation, last.request) if operation is not None else ()
            notable = {(value.name, _how(value)) for value in values}
            if (condition.subject, condition.detail) not in notable:
                return None
        found = self._corrected(exchanges, self._good(last), condition)
        return found[1] if found is not None else None

    def _good(self, last: Exchange) -> tuple[Exchange, ...]:
        """Return steps whose last request succeeded, for the same operation or path."""
        known = self._succeeded.get(last.label)
        if known is None:
            template = self._document.template(last.request.path)
            known = next(
                (
                    steps
                    for steps in self._succeeded.values()
                    if self._document.template(steps[-1].request.path) == template
                    and steps[-1].request.method in ("GET", "POST")
                ),
                (),
            )
        return tuple(known)

    def _corrected(
        self, exchanges: tuple[Exchange, ...], good: tuple[Exchange, ...], condition: Condition
    ) -> tuple[str, tuple[Exchange, ...]] | None:
        last, kind, name = exchanges[-1], condition.kind, condition.subject
        if kind == "second time":
            return self._once(exchanges)
        if kind == "parameter":
            return f"without `{name}`", _with_last(exchanges, _without_query(last.request, name))
        if kind == "preflight":
            plain = replace(last.request, headers=())
            return "without Origin", _with_last(exchanges, plain)
        if kind == "precondition":
            headers = tuple(h for h in last.request.headers if h[0].lower() != name)
            request = replace(last.request, headers=headers)
            return f"without {name.title()}", _with_last(exchanges, request)
        if kind == "duplicate" and last.request.header(name) is not None:
            kept = tuple(header for header in last.request.headers if header[0] != name)
            other = (name, _other(last.request.header(name) or ""))
            request = replace(last.request, headers=(*kept, other))
            return f"with another {name}", _with_last(exchanges, request)
        if not good:
            return None
        sample = good[-1].request
        if kind in _OF_USERS:
            how = "as an ordinary user" if kind == "other user" else "with credentials"
            return how, good
        if kind in ("undocumented method", "unknown path"):
            return f"with {sample.method} {sample.path.partition('?')[0]}", good
        if kind in _OF_THINGS:
            return "for the user's own resource", _with_last(good, _about(last.request, sample))
        if kind == "unknown member":
            known = self._without_unknown(last.request)
            if known is not None:
                return _UNDOCUMENTED, _with_last(exchanges, known)
        if kind in _OF_BODIES or name in ("", "the body"):
            return "with a valid body", _with_last(exchanges, _with_body_of(last.request, sample))
        return self._valued(exchanges, sample, name)

    def _without_unknown(self, request: Request) -> Request | None:
        """Return the request without undocumented members; `None` if it has none."""
        operation = self._document.find(request.method, request.path)
        unknown = self._reader.unknown_members(operation, request) if operation is not None else []
        if not unknown:
            return None
        body = content_of(request)
        for *outer, name in unknown:
            node = body
            for part in outer:
                node = node[part]
            node.pop(name, None)
        return with_content(request, body)

    def _once(self, exchanges: tuple[Exchange, ...]) -> tuple[str, tuple[Exchange, ...]] | None:
        last = exchanges[-1].request
        for at, earlier in enumerate(exchanges[:-1]):
            same = (earlier.request.method, earlier.request.path, earlier.request.body)
            if same == (last.method, last.path, last.body):
                return "for the first time", (*exchanges[:at], *exchanges[at + 1 :])
        return None

    def _valued(
        self, exchanges: tuple[Exchange, ...], sample: Request, name: str
    ) -> tuple[str, tuple[Exchange, ...]] | None:
        """Replace a parameter or member of the last request by the value of a successful one."""
        request = exchanges[-1].request
        if name in _query(request):
            return f"without `{name}`", _with_last(exchanges, _without_query(request, name))
        header = sample.header(name)
        if header is not None:
            changed = request.with_header(name, header)
            return f"with `{name}`: `{header}`", _with_last(exchanges, changed)
        value = self._in_path(sample).get(name)
        if value is not None:
            changed = self._with_path_value(request, name, value)
            return f"with `{name}`: `{value}`", _with_last(exchanges, changed)
        found = _with_member(request, sample, name.split("/"))
        if found is None:
            return None
        changed, is_given = found
        how = "with a valid" if is_given else "without"
        return f"{how} `{name}`", _with_last(exchanges, changed)

    def _in_path(self, request: Request) -> dict[str, str]:
        """Return the path parameters that are a whole segment."""
        template = self._document.template(request.path) or ""
        values = path_values(template, request.path.partition("?")[0])
        whole = template.split("/")
        return {name: value for name, value in values.items() if "{" + name + "}" in whole}

    def _with_path_value(self, request: Request, name: str, value: str) -> Request:
        """Return the request with another value of a path parameter."""
        plain, mark, query = request.path.partition("?")
        parts = (self._document.template(request.path) or "").split("/")
        at = parts.index("{" + name + "}") - len(parts)
        own = plain.split("/")
        own[at] = quote(value, safe="")
        return replace(request, path="/".join(own) + mark + query)

    def _plainer(
        self, exchanges: tuple[Exchange, ...], good: tuple[Exchange, ...]
    ) -> Iterator[Correction]:
        """Yield versions of a valid request, each with one notable value made plain."""
        last = exchanges[-1]
        operation = self._document.find(last.request.method, last.request.path)
        if operation is None:
            return
        names = {each.name for each in operation.parameters if each.location == "path"}
        # Ids are interchangeable: what matters is the state of the resource.
        values = [
            value
            for value in self._reader.values(operation, last.request)
            if value.name not in names or notability(value)[1]
        ]
        for value in sorted(values, key=lambda one: -notability(one)[0])[:_MOST_VALUES]:
            if value.name in _query(last.request):
                found = self._corrected(exchanges, good, Condition("parameter", value.name))
            elif good:
                found = self._valued(exchanges, good[-1].request, value.name)
            else:
                continue
            if found is not None:
                yield Correction(Condition("notable", value.name, _how(value)), *found)


def _how(value: Value) -> str:
    """Return in which way a value is notable, or the value itself if it is not."""
    return notability(value)[1] or f"={shown(json.dumps(value.value, ensure_ascii=False), 40)}"


def cause_of(proved: Condition, request: Request) -> Condition:
    """Generalize a proved condition: a difference due to a query parameter holds for any value."""
    if proved.kind == "notable" and proved.subject in _query(request):
        return Condition("parameter", proved.subject)
    return proved


def _with_last(exchanges: tuple[Exchange, ...], request: Request) -> tuple[Exchange, ...]:
    return (*exchanges[:-1], replace(exchanges[-1], request=request))


def _other(key: str) -> str:
    """Return another key of the same length, which was not used before."""
    return str(uuid4())[: len(key)].ljust(len(key), "0")


def _about(request: Request, sample: Request) -> Request:
    """Return the request for the resource, and with the credentials, of another request."""
    path = sample.path.partition("?")[0] + "".join(request.path.partition("?")[1:])
    signed = tuple(h for h in sample.headers if h[0].lower() not in _OF_CONTENT)
    named = {name.lower() for name, _ in signed}
    own = tuple(header for header in request.headers if header[0].lower() not in named)
    return replace(request, path=path, headers=(*signed, *own), actor=sample.actor)


def _query(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.path.partition("?")[2], keep_blank_values=True))


def _without_query(request: Request, name: str) -> Request:
    path, _, query = request.path.partition("?")
    pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != name]
    return replace(request, path=f"{path}?{urlencode(pairs)}" if pairs else path)


def _content(request: Request) -> tuple[tuple[str, str], ...]:
    return tuple(item for item in request.headers if item[0].lower() == "content-type")


def _without_content(request: Request) -> Request:
    kept = tuple(item for item in request.headers if item[0].lower() != "content-type")
    return replace(request, headers=kept)


def _with_body_of(request: Request, sample: Request) -> Request:
    bare = _without_content(request)
    return replace(bare, headers=(*bare.headers, *_content(sample)), body=sample.body)


def _with_member(
    request: Request, sample: Request, parts: list[str]
) -> tuple[Request, bool] | None:
    """Return the request with one member copied from the sample, and whether the sample has it.

    `None` if neither has such a member.
    """
    body = content_of(request)
    node, other = body, content_of(sample)
    for part in parts[:-1]:
        node = node.get(part) if isinstance(node, dict) else None
        other = other.get(part) if isinstance(other, dict) else None
    if not isinstance(node, dict):
        return None
    name, given = parts[-1], isinstance(other, dict) and parts[-1] in other
    if given:
        node[name] = other[name]
    elif name in node:
        del node[name]
    else:
        return None
    return with_content(request, body), given
