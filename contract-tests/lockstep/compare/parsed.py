"""Bodies made ready to be compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lockstep.transport import literals
from lockstep.transport.messages import Response


@dataclass
class ParsedAnswer:
    """A response with its JSON read once."""

    response: Response

    @cached_property
    def json(self) -> Any:
        """The body with its literals kept; `NotImplemented` where it is not JSON."""
        if "json" not in (self.response.media_type or "") or not self.response.body:
            return NotImplemented
        try:
            return literals.parse(self.response.body)
        except (ValueError, RecursionError):
            return NotImplemented


def first_difference(left: bytes, right: bytes, around: int = 40) -> tuple[str, str]:
    """What stands around the first byte that differs in each of two bodies, for people."""
    pairs = enumerate(zip(left, right, strict=False))
    at = next((index for index, (a, b) in pairs if a != b), min(len(left), len(right)))
    start = max(0, at - around)
    return (
        f"…{left[start : at + around]!r} ({len(left)} bytes)",
        f"…{right[start : at + around]!r} ({len(right)} bytes)",
    )
