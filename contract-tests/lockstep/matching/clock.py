"""Comparison of times and durations from different clocks."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from lockstep.matching.timestamps import Instant, read_instant

_OFFSET_STEP = 15 * 60
_MAX_OFFSET = 15 * 3600
_NUMBER = re.compile(r"\d+")
# How long something is valid, or reserved, is a number of whole minutes.
_MINUTE = 60
# Seconds by which the clock of a server may be ahead.
_SKEW = 1


@dataclass(frozen=True, slots=True)
class Clock:
    """Compares timestamps and elapsed seconds of two servers.

    Two different times count as the same instant only if both were generated during the run and lie
    at most `tolerance` seconds apart. Times sent by a client usually lie outside the run, and must
    then be equal.
    """

    tolerance: float = 5.0
    started: float = field(default_factory=time.time)

    def same_instant(self, left: str, right: str) -> bool:
        """Whether two timestamps, given as text, may denote the same instant.

        They must have the same format: separators, precision and offset.
        """
        if left == right:
            return True
        ours, theirs = read_instant(left), read_instant(right)
        if ours is None or theirs is None or ours.form != theirs.form:
            return False
        return self.is_now(ours) and self.is_now(theirs) and self.near(ours, theirs)

    def is_now(self, instant: Instant) -> bool:
        """Whether an instant lies within the run, plus or minus the tolerance.

        An instant without a time zone may be local time anywhere, a multiple of 15 minutes from
        UTC.
        """
        since = instant.seconds - (self.started - self.tolerance)
        window = time.time() - self.started + 2 * self.tolerance
        if not instant.zoned and abs(since) < _MAX_OFFSET:
            since %= _OFFSET_STEP
        return 0 <= since <= window

    def is_ahead(self, instant: Instant) -> bool:
        """Whether an instant is whole minutes after now, at most the tolerance ago.

        So is the end of what a server has just made valid for a day.
        """
        ahead = instant.seconds - time.time()
        return ahead > self.tolerance and (_SKEW - ahead) % _MINUTE <= self.tolerance + _SKEW

    def precede_run(self, left: Instant, right: Instant) -> bool:
        """Whether two instants are from before the run, and no time zone apart."""
        apart = abs(left.seconds - right.seconds) % _OFFSET_STEP
        return max(left.seconds, right.seconds) < self.started and apart > 0

    def near(self, left: Instant, right: Instant) -> bool:
        """Whether two instants differ by at most the tolerance."""
        return abs(left.seconds - right.seconds) <= self.tolerance

    def close(self, left: str, right: str) -> bool:
        """Whether two numbers, given as text, differ by at most the tolerance."""
        try:
            return abs(float(left) - float(right)) <= self.tolerance
        except ValueError:
            return False

    def close_text(self, left: str, right: str) -> bool:
        """Whether two texts are equal except for integers that differ within the tolerance."""
        if _NUMBER.sub("#", left) != _NUMBER.sub("#", right):
            return False
        pairs = zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=True)
        return all(self.close(a, b) for a, b in pairs)
