"""Media types that a client may ask for (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.openapi.operations import Operation

# A type that no server offers.
_UNKNOWN = "application/x-lockstep"


def offered(operation: Operation) -> list[str]:
    """Return the media types of the successful responses of an operation, without parameters.

    Empty if there is only one, so that there is nothing to choose from.
    """
    found = dict.fromkeys(
        media_type.partition(";")[0].strip().lower()
        for status, response in operation.responses.items()
        if status.startswith("2")
        for media_type in response.media_types
    )
    named = [each for each in found if "*" not in each and "problem" not in each]
    return named if len(named) > 1 else []


def preferences(types: list[str]) -> Iterator[str]:
    """Yield values of `Accept` that prefer one of two types by their weights, or that ask for none.

    Frameworks disagree on wildcards and ties, so that these would tell nothing of a server.
    """
    first, second, *_ = types
    for one, other in ((first, second), (second, first)):
        yield f"{one};q=0.5, {other}"
    yield f"{_UNKNOWN}, {second};q=0.2"
    yield _UNKNOWN
