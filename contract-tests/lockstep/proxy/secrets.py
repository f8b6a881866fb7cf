"""The secrets of real users that passed a proxy, so that no report shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl

from lockstep.openapi.document import Document
from lockstep.report.redact import secrets_of_body
from lockstep.report.secret_names import HEADERS, is_secret_header, is_secret_name, key_names
from lockstep.results.findings import Finding
from lockstep.transport.messages import Headers, Request, Response

# Shorter ones would blacken a report at random.
_SHORTEST = 4


def secrets_in(findings: Iterable[Finding], document: Document) -> frozenset[str]:
    """Credentials, cookies, passwords and tokens in the steps of findings.

    They are known by their place: headers and cookies, the API keys of the document, and members
    or parameters with a name such as `token` or `password`. Other personal data are not.
    """
    names = HEADERS | key_names(document)
    found: set[str] = set()
    for finding in findings:
        for exchange in finding.sequence:
            for request in exchange.requests.values():
                found.update(_of_request(request, names))
            for outcome in exchange.outcomes.values():
                if isinstance(outcome, Response):
                    # A refusal says under the name of a password what is wrong with it.
                    body = outcome.body if outcome.status < 400 else b""
                    found.update(_of_message(outcome.headers, body, names))
    return frozenset(text for text in found if len(text) >= _SHORTEST)


def _of_request(request: Request, names: frozenset[str]) -> Iterator[str]:
    for name, value in parse_qsl(request.path.partition("?")[2]):
        if name.lower() in names or is_secret_name(name):
            yield value
    yield from _of_message(request.headers, request.body or b"", names)


def _of_message(headers: Headers, body: bytes, names: frozenset[str]) -> Iterator[str]:
    for name, value in headers:
        if name.lower() in names or is_secret_header(name):
            # Without the scheme: the token alone may stand elsewhere.
            yield value.rpartition(" ")[2]
        elif name.lower() in ("cookie", "set-cookie"):
            yield from _cookies(name, value)
    yield from secrets_of_body(body)


def _cookies(name: str, value: str) -> Iterator[str]:
    pairs = value.split(";") if name.lower() == "cookie" else value.split(";")[:1]
    for pair in pairs:
        yield pair.partition("=")[2].strip()
