"""Requests that show whether a user is authenticated: they require credentials but no id."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from lockstep.auth.bodies import body_template
from lockstep.auth.calls import filled, own_values
from lockstep.auth.discovery import body_schema, find_log_in, guarded, has_other_purpose
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.transport.messages import Outcome, Request, Response, status_of

REFUSED = frozenset({401, 403})
MAX_PROBES = 10
# Operations that may end the session under test.
_ENDS = re.compile(r"(log|sign)[-_]?(out|off)|revoke|delete|destroy|cancel|shut|reset", re.I)
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Probe:
    """A request to an operation that requires credentials, and the responses without them."""

    operation: Operation
    request: Request
    bare: dict[str, Outcome]

    @property
    def is_open(self) -> bool:
        """Whether every target accepts requests without credentials."""
        return all(map(is_success, self.bare.values()))

    def proves(self, outcomes: dict[str, Outcome], *, everywhere: bool = True) -> bool:
        """Whether all responses are 2xx because of the credentials: others were rejected or differ.

        With `everywhere` this must hold on all targets, else on at least one.
        """
        due = [
            not is_success(self.bare[name]) or _content(outcome) != _content(self.bare[name])
            for name, outcome in outcomes.items()
        ]
        return is_success(*outcomes.values()) and (all(due) if everywhere else any(due))

    def lets_in(self, outcomes: dict[str, Outcome]) -> bool:
        """Whether all targets refuse without credentials and none with them, and one answers 2xx.

        Others may fail in what comes after that; 400 and 422 may be about the credentials.
        """
        refused = all(status_of(outcome) in REFUSED for outcome in self.bare.values())
        read = not any(status_of(outcome) in (400, 422) for outcome in outcomes.values())
        return refused and read and self.takes(outcomes) and any(map(is_success, outcomes.values()))

    def takes(self, outcomes: dict[str, Outcome]) -> bool:
        """Whether all status codes differ from those without credentials, and none is 401/403."""
        return all(
            isinstance(outcome, Response)
            and outcome.status not in REFUSED
            and outcome.status != status_of(self.bare[name])
            for name, outcome in outcomes.items()
        )


def is_success(*outcomes: Outcome) -> bool:
    """Whether all of the responses are 2xx."""
    return all(200 <= (status_of(outcome) or 0) < 300 for outcome in outcomes)


class Probes:
    """The probes of a document, the best first; each is sent once without credentials."""

    def __init__(self, exchanger: Exchanger, unique: str) -> None:
        self._exchanger = exchanger
        requests = list(_requests(exchanger.ledger.document, unique))
        self._left = iter(requests[:MAX_PROBES])
        self._made: list[Probe] = []

    def __iter__(self) -> Iterator[Probe]:
        yield from tuple(self._made)
        for operation, request in self._left:
            bare = self._exchanger.send(request)
            self._made.append(Probe(operation, request, bare.outcomes))
            yield self._made[-1]


def _requests(document: Document, unique: str) -> Iterator[tuple[Operation, Request]]:
    """Yield GET requests first, then POST requests, both without an id in the path."""
    ways = {way.operation.name for way in find_log_in(document) if way is not None}
    asking = [
        operation
        for operation in guarded(document)
        if "{" not in operation.path
        and operation.name not in ways
        and not _ENDS.search(f"{operation.path} {operation.name}")
        and (operation.method == "GET" or not has_other_purpose(operation))
    ]
    values = own_values("alice", unique)
    # A stream may never end, so it comes last.
    asking.sort(key=_is_stream)
    for method in ("GET", "POST"):
        for operation in asking:
            if operation.method == method:
                yield operation, _request(document, operation, values)


def _is_stream(operation: Operation) -> bool:
    return any("text/event-stream" in answer.media_types for answer in operation.responses.values())


def _request(document: Document, operation: Operation, values: dict[str, str]) -> Request:
    """Create a request that is valid by the schemas; members are filled in as to register."""
    query: dict[str, Any] = {}
    headers: list[tuple[str, str]] = []
    for raw in operation.definition.get("parameters", ()):
        parameter = document.resolve(raw)
        name = str(parameter.get("name", ""))
        if not parameter.get("required"):
            continue
        value = _parameter(document, parameter, values)
        if parameter.get("in") == "query":
            query[name] = value
        elif parameter.get("in") == "header" and name.lower() != "authorization":
            headers.append((name, _text(value)))
    path = f"{operation.path}?{_encoded(query)}" if query else operation.path
    body = None
    schema, is_form = body_schema(document, operation)
    if operation.method == "POST" and schema is not None:
        sent = filled(body_template(document, schema), values)
        headers.append(("Content-Type", _FORM if is_form else "application/json"))
        body = (urlencode(sent) if is_form else json.dumps(sent)).encode()
    return Request(operation.method, path, tuple(headers), body, operation.name)


def _parameter(document: Document, parameter: dict[str, Any], values: dict[str, str]) -> Any:
    if "example" in parameter:
        return parameter["example"]
    for example in (parameter.get("examples") or {}).values():
        if "value" in document.resolve(example):
            return document.resolve(example)["value"]
    schema = parameter.get("schema", {})
    return filled(body_template(document, schema, str(parameter.get("name", ""))), values)


def _encoded(query: dict[str, Any]) -> str:
    pairs = {
        name: list(map(_text, value)) if isinstance(value, list) else _text(value)
        for name, value in query.items()
    }
    return urlencode(pairs, doseq=True, quote_via=quote)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _content(outcome: Outcome) -> object:
    return outcome.body if isinstance(outcome, Response) else outcome
