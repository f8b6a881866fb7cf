"""Which recorded headers are sent again, and which of an answer are compared."""

from __future__ import annotations

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

Pairs = Iterable[tuple[str, str]]


def request_headers(pairs: Pairs) -> Headers:
    """The headers of a request that mean the same when they are sent again.

    The pseudo-headers of HTTP/2 (RFC 9113, 8.3) go, and so do secrets that were blackened.
    """
    return tuple(
        (name, value)
        for name, value in pairs
        if not name.startswith(":")
        and name.lower() not in HOP_BY_HOP | _CLIENTS_OWN
        and not _is_redacted(value)
    )


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


def _is_redacted(value: str) -> bool:
    return value.rpartition(" ")[2].lower() in _REDACTED
