"""How long to wait for side effects that follow a response."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lockstep.matching.difference import Difference

_MOST_VAIN = 5


@dataclass(slots=True)
class Lateness:
    """Decides whether to wait for late effects, by how often that has helped before.

    `seconds` is the longest time after a response that has made differences disappear.
    """

    seconds: float = 0.0
    _vain: dict[tuple[str, str], int] = field(default_factory=dict)

    def is_worth_waiting(self, found: Sequence[Difference]) -> bool:
        """Whether waiting may still show that the differences are only due to lateness."""
        return all(self._vain.get((one.where, one.kind), 0) < _MOST_VAIN for one in found)

    def note_late(self, seconds: float, left: Sequence[Difference]) -> None:
        """Note how long it took until no differences were left."""
        if not left:
            self.seconds = max(self.seconds, seconds)

    def waited_in_vain(self, found: Sequence[Difference]) -> None:
        """Note the differences that are still there after the wait."""
        for one in found:
            self._vain[one.where, one.kind] = self._vain.get((one.where, one.kind), 0) + 1
