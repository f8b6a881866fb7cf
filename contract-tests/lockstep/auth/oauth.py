"""How clients authenticate: OAuth 2 client credentials (RFC 6749, section 4.4), OpenID Connect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from lockstep.auth.bodies import REGISTRATIONS
from lockstep.auth.calls import Call, find_operation
from lockstep.auth.discovery import Entrance, call_of, client_registration
from lockstep.auth.schemes import schemes_of
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Request, Response

_GRANT = {"grant_type": "client_credentials"}
_CLIENT = {"client_id": "${client_id}", "client_secret": "${client_secret}"}


def is_client(values: Iterable[str]) -> bool:
    """Whether an account with values of these names is that of an OAuth 2 client."""
    return _CLIENT.keys() <= set(values)


def takes_clients(document: Document) -> bool:
    """Whether the document has a token endpoint for OAuth 2 clients."""
    return any(_flow(scheme) or _discovery(scheme) for scheme in schemes_of(document).values())


def client_entrances(exchanger: Exchanger, login: Call | None = None) -> list[Entrance]:
    """Return the ways for an OAuth 2 client to authenticate, the most likely first.

    They differ in the token endpoint, in whether the scopes of the operations are requested, and in
    how the client sends its secret: in the body, which most servers accept, or as HTTP Basic, which
    all should (RFC 6749, section 2.3.1). `login` is a configured log-in.
    """
    document = exchanger.ledger.document
    found: list[Call] = []
    if login is not None:
        own = login if login.json else _call(document, login.operation, from_root=False)
        found += [own, replace(own, client=True)] if own.form else [own]
    for name, scheme in schemes_of(document).items():
        flow, discovery = _flow(scheme), _discovery(scheme)
        urls = [str(flow["tokenUrl"])] if flow else []
        urls += _discovered(exchanger, discovery) if discovery else []
        scopes = _scopes(document, name, flow)
        for url in urls:
            for path, from_root in places(document, url):
                plain = _call(document, f"POST {path}", from_root=from_root)
                scoped = replace(plain, json={**plain.json, "scope": scopes})
                for call in (scoped, plain) if scopes else (plain,):
                    found += [call, replace(call, client=True)]
    return [Entrance(None, call) for at, call in enumerate(found) if call not in found[:at]]


def registered_clients(exchanger: Exchanger) -> list[Entrance]:
    """Return the ways to register an OAuth 2 client and to authenticate with what is issued.

    Empty if the document does not show how anyone registers one.
    """
    document = exchanger.ledger.document
    register = client_registration(document)
    if register is None:
        return []
    made = [call_of(document, register, filling) for filling in REGISTRATIONS]
    found = [Entrance(call, way.login) for call in made for way in client_entrances(exchanger)]
    return [each for at, each in enumerate(found) if each not in found[:at]]


def places(document: Document, url: str) -> list[tuple[str, bool]]:
    """Return where a URL of a document may be on a target: paths, true for one from the root.

    A relative URL is below the target's base path. One that starts with a slash, or has a host,
    which is then replaced with the target, is below it only if the document's servers say so.
    """
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if not path:
        return []
    if not (parts.netloc or path.startswith("/")):
        return [("/" + path.removeprefix("./"), False)]
    path = "/" + path.lstrip("/")
    base = document.base_path
    if base and path.startswith(base + "/"):
        return [(path.removeprefix(base), False), (path, True)]
    if find_operation(document, f"POST {path}") is not None:
        return [(path, False), (path, True)]
    return [(path, True), (path, False)]


def _call(document: Document, name: str, *, from_root: bool) -> Call:
    """Return a token request; other members that the document has for it are kept."""
    operation = None if from_root else find_operation(document, name)
    if operation is None:
        return Call(name, {**_GRANT, **_CLIENT}, form=True, from_root=from_root)
    known = call_of(document, operation)
    form = known.form or not known.json
    return Call(operation.name, {**known.json, **_GRANT, **_CLIENT}, form=form)


def _flow(scheme: Mapping[str, Any]) -> Mapping[str, Any]:
    flows = scheme.get("flows")
    flow = flows.get("clientCredentials") if isinstance(flows, Mapping) else None
    return flow if isinstance(flow, Mapping) and flow.get("tokenUrl") else {}


def _discovery(scheme: Mapping[str, Any]) -> str:
    is_open_id = scheme.get("type") == "openIdConnect"
    return str(scheme.get("openIdConnectUrl") or "") if is_open_id else ""


def _discovered(exchanger: Exchanger, url: str) -> list[str]:
    """Return the token endpoints of the targets' metadata (OpenID Connect Discovery, 4.3)."""
    for path, from_root in places(exchanger.ledger.document, url):
        outcomes = exchanger.ask(Request("GET", path, from_root=from_root)).values()
        answers = [json_of(each.body) for each in outcomes if isinstance(each, Response)]
        found = [each.get("token_endpoint") for each in answers if isinstance(each, Mapping)]
        if any(found):
            return list(dict.fromkeys(str(one) for one in found if one))
    return []


def _scopes(document: Document, name: str, flow: Mapping[str, Any]) -> str:
    """Return the scopes that the operations require, separated by spaces."""
    required_scopes = dict.fromkeys(_required_scopes(document, name))
    known = flow.get("scopes")
    kept = [scope for scope in required_scopes if not known or scope in known]
    return " ".join(kept)


def _required_scopes(document: Document, name: str) -> Iterator[str]:
    for operation in document.operations.values():
        required = operation.definition.get("security", document.modern.get("security", []))
        for alternative in required or ():
            scopes = alternative.get(name) if isinstance(alternative, Mapping) else None
            yield from map(str, scopes or ())
