"""How long what is done after an answer is waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lockstep.matching.difference import Difference

_MOST_VAIN = 5


@dataclass(slots=True)
class Lateness:
    """What is done after the answer is waited for, as often as that has helped or not been tried.

    `seconds` says how long after an answer something was still done.
    """

    seconds: float = 0.0
    _vain: dict[tuple[str, str], int] = field(default_factory=dict)

    def is_worth_waiting(self, found: Sequence[Difference]) -> bool:
        """Whether waiting may still show that something was only late."""
        return all(self._vain.get((one.where, one.kind), 0) < _MOST_VAIN for one in found)

    def note_late(self, seconds: float, left: Sequence[Difference]) -> None:
        """Note how long it took until nothing differed any more."""
        if not left:
            self.seconds = max(self.seconds, seconds)

    def waited_in_vain(self, found: Sequence[Difference]) -> None:
        """Note what was there all the same after the time that was waited."""
        for one in found:
            self._vain[one.where, one.kind] = self._vain.get((one.where, one.kind), 0) + 1
