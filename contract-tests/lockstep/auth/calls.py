"""The requests with which a user registers and logs in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.results.trace import Exchange
from lockstep.transport.messages import Request


@dataclass(frozen=True, slots=True)
class Call:
    """A request that makes or admits an actor: an operation and a body.

    The operation is an operationId or `METHOD /path`. In the strings of the body `${actor}` is the
    actor's name, `${unique}` a text that no other actor has and `${short}` its last 7 characters;
    an actor's own values are named in the same way. The body is JSON unless it is a `form`.
    """

    operation: str
    json: Mapping[str, Any]
    form: bool = False

    def body(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The body with what its placeholders stand for."""
        body: dict[str, Any] = filled(self.json, values)
        return body


def send_call(
    exchanger: Exchanger, call: Call, values: Mapping[str, Mapping[str, str]], label: str
) -> Exchange:
    """Send a call to every target, to each with the values that are meant for it.

    `values` are by target name, `label` is the actor's. Raises `LookupError` when the document has
    no such operation.
    """
    operation = find_operation(exchanger.ledger.document, call.operation)
    if operation is None:
        raise LookupError(f"no operation {call.operation} in the document")
    requests = {
        name: _request(operation, call, call.body(own), label) for name, own in values.items()
    }
    return exchanger.send_apart(requests, group=label)


def find_operation(document: Document, name: str) -> Operation | None:
    """The operation of an operationId or of `METHOD /path`."""
    if name in document.operations:
        return document.operations[name]
    method, _, path = name.partition(" ")
    wanted = method.upper(), path.strip()
    found = (item for item in document.operations.values() if (item.method, item.path) == wanted)
    return next(found, None)


def _request(operation: Operation, call: Call, body: Mapping[str, Any], label: str) -> Request:
    media_type = "application/x-www-form-urlencoded" if call.form else "application/json"
    return Request(
        method=operation.method,
        path=operation.path,
        headers=(("Content-Type", media_type),),
        body=(urlencode(body) if call.form else json.dumps(body)).encode(),
        operation=operation.name,
        actor=label,
    )


def filled(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, str):
        for name, value in values.items():
            node = node.replace("${" + name + "}", value)
        return node
    if isinstance(node, Mapping):
        return {key: filled(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [filled(item, values) for item in node]
    return node
