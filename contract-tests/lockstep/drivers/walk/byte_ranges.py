"""Byte ranges of downloads (RFC 9110, section 14)."""

from __future__ import annotations

from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Response

_PARTIAL, _UNSATISFIABLE = "206", "416"
# In a shorter representation the ranges would be the same.
_SHORTEST = 4


def offers_ranges(operation: Operation, exchange: Exchange) -> bool:
    """Whether the document says so of an operation, or all responses do."""
    is_declared = any(
        each.location == "header" and each.name.lower() == "range" for each in operation.parameters
    )
    return (
        is_declared
        or _PARTIAL in operation.responses
        or all(
            isinstance(answer, Response) and answer.header("accept-ranges") == "bytes"
            for answer in exchange.outcomes.values()
        )
    )


def byte_ranges(operation: Operation, exchange: Exchange) -> list[str]:
    """Return the values of `Range` to send for what an exchange has read; none if it is too short.

    What lies past the end is asked for only if the document says what happens then, and several
    ranges at once are not, as servers may answer these as they like.
    """
    answer = exchange.leader
    if not isinstance(answer, Response) or answer.status != 200 or len(answer.body) < _SHORTEST:
        return []
    size = len(answer.body)
    found = ["bytes=1-2", "bytes=-2", "bytes=2-", f"bytes=1-{size}", f"bytes=-{size + 1}"]
    return [*found, f"bytes={size}-"] if _UNSATISFIABLE in operation.responses else found
