"""Selects the recorded header fields that are sent again, and those that are compared."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lockstep.transport.messages import Headers

# They concern one connection, not the message (RFC 9110, section 7.6.1).
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Each client sets its own: targets must not receive another client's length, and must not compress.
_CLIENTS_OWN = frozenset(
    {"accept-encoding", "content-length", "expect", "host", "x-schemathesis-testcaseid"}
)
# Recorded bodies are stored decoded.
_CONTENT_CODING = frozenset({"content-encoding", "content-length"})
# Placeholders that tools write instead of a secret.
_REDACTED = frozenset({"[filtered]", "***", "[redacted]", "redacted", "<redacted>"})

# A field name (RFC 9110, sections 5.1 and 5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

Pairs = Iterable[tuple[str, str]]


def request_headers(pairs: Pairs) -> Headers:
    """Return the header fields of a request that keep their meaning when they are sent again.

    HTTP/2 pseudo-header fields (RFC 9113, section 8.3) and redacted secrets are removed.
    """
    return tuple(
        (name, _as_latin_1(value))
        for name, value in pairs
        if _TOKEN.fullmatch(name)
        and name.lower() not in HOP_BY_HOP | _CLIENTS_OWN
        and not _is_redacted(value)
    )


def blackened(pairs: Pairs) -> frozenset[str]:
    """Return the lower-case names of the header fields whose values a tool redacted."""
    return frozenset(name.lower() for name, value in pairs if _is_redacted(value))


def answer_headers(pairs: Pairs) -> Headers:
    """Return the header fields of a response whose body is stored decoded.

    Browsers join repeated header fields with line breaks between the values.
    """
    return tuple(
        (name, part)
        for name, value in pairs
        if not name.startswith(":") and name.lower() not in HOP_BY_HOP | _CONTENT_CODING
        for part in value.split("\n")
    )


def _as_latin_1(value: str) -> str:
    """Return a value in the form of `Request`: one line, non-Latin-1 characters as UTF-8 bytes."""
    line = " ".join(value.split("\n")).strip()
    try:
        line.encode("latin-1")
    except UnicodeEncodeError:
        return line.encode("utf-8", "surrogatepass").decode("latin-1")
    return line


def _is_redacted(value: str) -> bool:
    return value.rpartition(" ")[2].lower() in _REDACTED
