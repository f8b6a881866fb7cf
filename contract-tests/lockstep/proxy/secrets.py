"""The secrets of real users that passed a proxy, so that no report shows them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from lockstep.openapi.document import Document
from lockstep.results.findings import Finding
from lockstep.transport.messages import Headers, Request, Response

_HEADERS = frozenset({"authorization", "proxy-authorization", "x-api-key", "x-auth-token"})
_MEMBER = re.compile(r"token|secret|passw|pwd|api_?key|credential|session_?id", re.IGNORECASE)
# Shorter ones would blacken a report at random.
_SHORTEST = 4


def secrets_in(findings: Iterable[Finding], document: Document) -> frozenset[str]:
    """Credentials, cookies, passwords and tokens in the steps of findings.

    They are known by their place: headers and cookies, the API keys of the document, and members
    or parameters with a name such as `token` or `password`. Other personal data are not.
    """
    names = _HEADERS | set(_key_names(document))
    found: set[str] = set()
    for finding in findings:
        for exchange in finding.sequence:
            for request in exchange.requests.values():
                found.update(_of_request(request, names))
            for outcome in exchange.outcomes.values():
                if isinstance(outcome, Response):
                    found.update(_of_message(outcome.headers, outcome.body, names))
    return frozenset(text for text in found if len(text) >= _SHORTEST)


def _of_request(request: Request, names: set[str] | frozenset[str]) -> Iterator[str]:
    for name, value in parse_qsl(request.path.partition("?")[2]):
        if name.lower() in names or _MEMBER.search(name):
            yield value
    yield from _of_message(request.headers, request.body or b"", names)


def _of_message(headers: Headers, body: bytes, names: set[str] | frozenset[str]) -> Iterator[str]:
    for name, value in headers:
        if name.lower() in names:
            # Without the scheme: the token alone may stand elsewhere.
            yield value.rpartition(" ")[2]
        elif name.lower() in ("cookie", "set-cookie"):
            yield from _cookies(name, value)
    try:
        yield from _members(json.loads(body))
    except ValueError:
        return


def _cookies(name: str, value: str) -> Iterator[str]:
    pairs = value.split(";") if name.lower() == "cookie" else value.split(";")[:1]
    for pair in pairs:
        yield pair.partition("=")[2].strip()


def _members(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for element in node:
            yield from _members(element)
    elif isinstance(node, dict):
        for name, value in node.items():
            if isinstance(value, str) and _MEMBER.search(name):
                yield value
            else:
                yield from _members(value)


def _key_names(document: Document) -> Iterator[str]:
    schemes = document.raw.get("components", {}).get("securitySchemes", {})
    for scheme in map(document.resolve, schemes.values()):
        if scheme.get("type") == "apiKey":
            yield str(scheme.get("name", "")).lower()
