"""The requests with which a user registers and logs in."""

from __future__ import annotations

import base64
import json
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

from lockstep.auth.texts import draw
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.transport.cookies import CookieJar
from lockstep.transport.messages import Request, Response


@dataclass(frozen=True, slots=True)
class Call:
    """A request that registers or logs in an actor: an operation and a body.

    The operation is an operationId or `METHOD /path`; the latter may be undocumented. In the
    strings of the body `${actor}` is the actor's name, `${unique}` a text unique to the actor,
    `${short}` its last 7 characters, `${digits}` and `${uuid}` are derived from it; the actor's own
    values are substituted in the same way. The body is JSON unless `form` is true. With `client`
    its `client_id` and `client_secret` are sent as HTTP Basic instead (RFC 6749, section 2.3.1),
    with `from_root` the path is not below a target's base path.
    """

    operation: str
    json: Mapping[str, Any]
    form: bool = False
    client: bool = False
    from_root: bool = False

    def body(self, values: Mapping[str, str]) -> dict[str, Any]:
        """Return the body with its placeholders replaced."""
        body: dict[str, Any] = filled(self.json, values)
        return body


PLACEHOLDERS = ("actor", "unique", "short", "digits", "uuid")


def own_values(name: str, unique: str) -> dict[str, str]:
    """Return the placeholder values of one actor."""
    number = zlib.crc32(unique.encode())
    return {
        "actor": name,
        "unique": unique,
        "short": unique[-7:],
        "digits": f"{number % 10**7:07}",
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, unique)),
    }


def send_call(
    exchanger: Exchanger,
    call: Call,
    values: Mapping[str, Mapping[str, str]],
    label: str,
    jars: Mapping[str, CookieJar],
) -> Exchange:
    """Send a call to every target, to each with its own values.

    `values` and `jars` are by target name, `label` is the actor's. The cookies of a jar are sent,
    and those of the response are stored in it. Raises `LookupError` if the document has no such
    operation and it is not `METHOD /path` either.
    """
    operation = find_operation(exchanger.ledger.document, call.operation)
    method, path = _place(operation, call.operation)
    media_type = "application/x-www-form-urlencoded" if call.form else "application/json"
    requests = {}
    for name, own in values.items():
        body = call.body(own)
        headers = [("Content-Type", media_type)]
        if call.client:
            headers.append(("Authorization", _client(body)))
        request = Request(
            method=method,
            path=path,
            headers=tuple(headers),
            body=(urlencode(body) if call.form else json.dumps(body)).encode(),
            operation=operation.name if operation is not None else None,
            actor=label,
            from_root=call.from_root,
        )
        requests[name] = jars[name].put(request)
    exchange = exchanger.send_apart(requests, group=label)
    for name, outcome in exchange.outcomes.items():
        if isinstance(outcome, Response):
            jars[name].absorb(outcome)
    return exchange


def _client(body: dict[str, Any]) -> str:
    """Remove the client's credentials from a body; return them as HTTP Basic."""
    parts = (quote_plus(str(body.pop(name, ""))) for name in ("client_id", "client_secret"))
    return f"Basic {base64.b64encode(':'.join(parts).encode()).decode()}"


def _place(operation: Operation | None, name: str) -> tuple[str, str]:
    if operation is not None:
        return operation.method, operation.path
    method, _, path = name.partition(" ")
    if not path.startswith("/"):
        raise LookupError(f"no operation {name} in the document")
    return method, path


def find_operation(document: Document, name: str) -> Operation | None:
    """Return the operation with an operationId or `METHOD /path`, `None` if there is none."""
    if name in document.operations:
        return document.operations[name]
    method, _, path = name.partition(" ")
    wanted = method.upper(), path.strip()
    found = (item for item in document.operations.values() if (item.method, item.path) == wanted)
    return next(found, None)


def filled(node: Any, values: Mapping[str, str]) -> Any:
    """Return a value with the placeholders in its strings replaced."""
    if isinstance(node, str):
        node = draw(node, values.get("unique", ""))
        for name, value in values.items():
            node = node.replace("${" + name + "}", value)
        return node
    if isinstance(node, Mapping):
        return {key: filled(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [filled(item, values) for item in node]
    return node
