"""Moves what is booked to other weeks, as the times of earlier attempts are taken."""

from __future__ import annotations

from dataclasses import dataclass

# Servers may not take what is too far ahead; how far that is, attempts find out.
_FARTHEST = 40


@dataclass(slots=True)
class Weeks:
    """Chooses for each attempt by how many weeks its future times are moved."""

    _farthest: int = _FARTHEST
    _accepted: int = 1
    _last: int = 0

    def choose(self) -> int:
        """Return the next number of weeks, from one on; the first ones again after the last."""
        self._last = self._last + 1 if self._last < self._farthest else 1
        return self._last

    def note(self, weeks: int, *, accepted: bool) -> None:
        """Learn whether what succeeded before was accepted at so many weeks' distance."""
        if accepted:
            self._accepted = max(self._accepted, weeks)
        elif weeks > self._accepted:
            self._farthest = max(self._accepted, weeks - 1)
