"""Which recorded headers are sent again, and which of an answer are compared."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lockstep.transport.messages import Headers

# About one connection, not about the message (RFC 9110, 7.6.1).
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
# Each client sets its own: the targets get neither compressed answers nor another's length.
_CLIENTS_OWN = frozenset(
    {"accept-encoding", "content-length", "expect", "host", "x-schemathesis-testcaseid"}
)
# A recorded body is kept decoded.
_OF_THE_TRANSFER = frozenset({"content-encoding", "content-length"})
# What tools write in the place of a secret.
_REDACTED = frozenset({"[filtered]", "***", "[redacted]", "redacted", "<redacted>"})

# The name of a header (RFC 9110, 5.1 and 5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

Pairs = Iterable[tuple[str, str]]


def request_headers(pairs: Pairs) -> Headers:
    """The headers of a request that mean the same when they are sent again.

    The pseudo-headers of HTTP/2 (RFC 9113, 8.3) go, and so do secrets that were blackened.
    """
    return tuple(
        (name, _as_latin_1(value))
        for name, value in pairs
        if _TOKEN.fullmatch(name)
        and name.lower() not in HOP_BY_HOP | _CLIENTS_OWN
        and not _is_redacted(value)
    )


def blackened(pairs: Pairs) -> frozenset[str]:
    """The lower-cased names of the headers whose values a tool kept back."""
    return frozenset(name.lower() for name, value in pairs if _is_redacted(value))


def answer_headers(pairs: Pairs) -> Headers:
    """The headers of an answer whose body is at hand decoded.

    Browsers write repeated headers as one with line ends between the values.
    """
    return tuple(
        (name, part)
        for name, value in pairs
        if not name.startswith(":") and name.lower() not in HOP_BY_HOP | _OF_THE_TRANSFER
        for part in value.split("\n")
    )


def _as_latin_1(value: str) -> str:
    """A value in the form of `Request`: one line, other characters as the bytes of UTF-8."""
    line = " ".join(value.split("\n")).strip()
    try:
        line.encode("latin-1")
    except UnicodeEncodeError:
        return line.encode("utf-8", "surrogatepass").decode("latin-1")
    return line


def _is_redacted(value: str) -> bool:
    return value.rpartition(" ")[2].lower() in _REDACTED
