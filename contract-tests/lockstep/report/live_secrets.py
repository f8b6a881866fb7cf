"""What is secret or personal in the traffic of real users, so that no report shows it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from lockstep.openapi.document import Document
from lockstep.report.redact import MASK, masked, secrets_of_body
from lockstep.report.secret_names import HEADERS, is_secret_header, is_secret_name, key_names
from lockstep.results.exchange import Exchange
from lockstep.results.findings import Finding
from lockstep.transport.messages import Headers, Request, Response

# Of a plain address, and as it stands percent-encoded or escaped in JSON. One that a sentence has
# cut has no end.
_ADDRESS = re.compile(r"[\w.+-]+(?:@|%40|\\u0040)[\w-][\w.-]*")
_MEMBER = re.compile(
    r'(?P<before>\\?"(?P<name>[^"\\]{1,80})\\?"\s*:\s*)'
    r'(?P<value>\\?"(?:[^"\\]|\\(?!")[^"]|\\\\.)*\\?"|-?\d[\d.eE+-]*)'
)
_PAIR = re.compile(
    r"(?P<before>(?:^|[?&;\s'\"])(?P<name>[\w.%\[\]-]{1,80})=)(?P<value>[^&;\s'\"]+)"
)
# What of an answer that refuses stands under the name of a password says what is wrong with it.
_REFUSAL = 400


class LiveSecrets:
    """Masks credentials, cookies, passwords, tokens and e-mail addresses.

    They are known by their place: headers and cookies, the API keys of the document, members and
    parameters that are called `token` or `password` or have the `format: password`; addresses by
    their form. Other personal data is not known.
    """

    def __init__(self, document: Document) -> None:
        """Read from the document what it calls secret."""
        self._document = document
        self._headers = HEADERS | key_names(document)
        self._names = frozenset(_passwords(document.raw))

    def in_findings(self, findings: Iterable[Finding]) -> frozenset[str]:
        """The secrets in the steps of findings."""
        return frozenset(
            text
            for finding in findings
            for exchange in (*finding.sequence, *_neighbours(finding))
            for text in self.in_exchange(exchange)
        )

    def in_exchange(self, exchange: Exchange) -> frozenset[str]:
        """The secrets in the requests and the answers of an exchange."""
        found: set[str] = set()
        for request in exchange.requests.values():
            found.update(self._of_request(request))
        for outcome in exchange.outcomes.values():
            if isinstance(outcome, Response):
                body = outcome.body if outcome.status < _REFUSAL else b""
                found.update(self._of_message(outcome.headers, body))
        return frozenset(filter(None, found))

    def sentence(self, text: str, exchange: Exchange) -> str:
        """A sentence about an exchange without what is secret in that."""
        return self.text(str(masked(text, self.in_exchange(exchange))))

    def text(self, text: str) -> str:
        """A text without addresses, and without values that are called secret in it."""
        if "@" in text or "%40" in text or "u0040" in text:
            text = _ADDRESS.sub(MASK, text)
        if ":" in text and '"' in text:
            text = _MEMBER.sub(self._member, text)
        if "=" in text:
            text = _PAIR.sub(self._pair, text)
        return text

    def data(self, node: Any) -> Any:
        """JSON data, such as that of a report, with every text in it as `text` has it."""
        if isinstance(node, str):
            return self.text(node)
        if isinstance(node, list):
            return [self.data(each) for each in node]
        if isinstance(node, dict):
            return {
                self.text(key): self._encoded(each) if key == "base64" else self._named(key, each)
                for key, each in node.items()
            }
        return node

    def _named(self, name: str, node: Any) -> Any:
        return MASK if isinstance(node, str) and name in self._names else self.data(node)

    def _encoded(self, text: str) -> str:
        body = base64.b64decode(text).decode("utf-8", "surrogateescape")
        return base64.b64encode(self.text(body).encode("utf-8", "surrogateescape")).decode()

    def _is_secret(self, name: str) -> bool:
        return name in self._names or is_secret_name(name) or name.lower() in self._headers

    def _member(self, match: re.Match[str]) -> str:
        value = match["value"]
        if not self._is_secret(match["name"]) or MASK in value or value in ('""', r"\"\""):
            return match.group()
        if not value.startswith(('"', "\\")) and match["name"] not in self._names:
            return match.group()
        quote = r"\"" if match["before"].startswith("\\") else '"'
        return f"{match['before']}{quote}{MASK}{quote}"

    def _pair(self, match: re.Match[str]) -> str:
        if not self._is_secret(match["name"]) or MASK in match["value"]:
            return match.group()
        return match["before"] + MASK

    def _of_request(self, request: Request) -> Iterator[str]:
        path, _, query = request.path.partition("?")
        for name, value in parse_qsl(query):
            if self._is_secret(name):
                yield value
        template = self._document.template(path) or ""
        for name, value in zip(template.split("/"), path.split("/"), strict=False):
            if name.startswith("{") and self._is_secret(name.strip("{}")):
                yield value
        yield from self._of_message(request.headers, request.body or b"")

    def _of_message(self, headers: Headers, body: bytes) -> Iterator[str]:
        for name, value in headers:
            if name.lower() in self._headers or is_secret_header(name):
                # Without the scheme: the token alone may stand elsewhere.
                yield value.rpartition(" ")[2]
            elif name.lower() in ("cookie", "set-cookie"):
                yield from _cookies(name, value)
        yield from secrets_of_body(body, self._names)
        # A sentence may cut them, so that they no longer have their form.
        yield from _ADDRESS.findall(body.decode("utf-8", "replace"))


def _neighbours(finding: Finding) -> tuple[Exchange, ...]:
    return finding.neighbour.sequence if finding.neighbour is not None else ()


def _passwords(node: Any, name: str = "") -> Iterator[str]:
    """The names of members and parameters that have the `format: password` in a document."""
    if isinstance(node, Mapping):
        if node.get("format") == "password" and name:
            yield name
        for key, each in node.items():
            own = node.get("name") if key == "schema" else None
            yield from _passwords(each, own if isinstance(own, str) else str(key))
    elif isinstance(node, list):
        for each in node:
            yield from _passwords(each, name)


def _cookies(name: str, value: str) -> Iterator[str]:
    pairs = value.split(";") if name.lower() == "cookie" else value.split(";")[:1]
    for pair in pairs:
        yield pair.partition("=")[2].strip()
