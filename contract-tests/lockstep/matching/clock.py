"""Values that depend on each server's clock."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from lockstep.matching.timestamps import Instant, read_instant

_OFFSET_STEP = 15 * 60
_MAX_OFFSET = 15 * 3600
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Clock:
    """Judges times and elapsed seconds.

    Two different times are the same instant only when both were made during the run and lie at most
    `tolerance` seconds apart. Times that a client sent are outside the run's window as a rule, and
    must then be equal.
    """

    tolerance: float = 5.0
    started: float = field(default_factory=time.time)

    def same_instant(self, left: str, right: str) -> bool:
        """Whether two times, given by their text, may stand for one another.

        They must have the same form: separators, precision and offset.
        """
        if left == right:
            return True
        ours, theirs = read_instant(left), read_instant(right)
        if ours is None or theirs is None or ours.form != theirs.form:
            return False
        return self.is_now(ours) and self.is_now(theirs) and self.near(ours, theirs)

    def is_now(self, instant: Instant) -> bool:
        """Whether an instant lies within the run, give or take the tolerance.

        An instant without a zone may be local time anywhere, a multiple of 15 minutes from UTC.
        """
        since = instant.seconds - (self.started - self.tolerance)
        window = time.time() - self.started + 2 * self.tolerance
        if not instant.zoned and abs(since) < _MAX_OFFSET:
            since %= _OFFSET_STEP
        return 0 <= since <= window

    def near(self, left: Instant, right: Instant) -> bool:
        """Whether two instants lie no further apart than the tolerance."""
        return abs(left.seconds - right.seconds) <= self.tolerance

    def close(self, left: str, right: str) -> bool:
        """Whether two numbers, given by their text, differ by no more than the tolerance."""
        try:
            return abs(float(left) - float(right)) <= self.tolerance
        except ValueError:
            return False

    def close_text(self, left: str, right: str) -> bool:
        """Whether two texts are equal but for integers within the tolerance."""
        if _NUMBER.sub("#", left) != _NUMBER.sub("#", right):
            return False
        pairs = zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=True)
        return all(self.close(a, b) for a, b in pairs)
