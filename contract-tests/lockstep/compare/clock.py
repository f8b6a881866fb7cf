"""Values that depend on each server's clock."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

_WIRE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
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
        """Whether two `YYYY-MM-DDTHH:MM:SS.mmmZ` times may stand for one another."""
        if left == right:
            return True
        instants = _instant(left), _instant(right)
        if instants[0] is None or instants[1] is None:
            return False
        earliest, latest = self.started - self.tolerance, time.time() + self.tolerance
        if not all(earliest <= instant <= latest for instant in instants if instant is not None):
            return False
        return abs(instants[0] - instants[1]) <= self.tolerance

    def close(self, left: str, right: str) -> bool:
        """Whether two numbers, given by their text, differ by no more than the tolerance."""
        try:
            return abs(float(left) - float(right)) <= self.tolerance
        except ValueError:
            return False

    def close_text(self, left: str, right: str) -> bool:
        """Whether two texts are equal but for whole numbers within the tolerance."""
        if _NUMBER.sub("#", left) != _NUMBER.sub("#", right):
            return False
        pairs = zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=True)
        return all(self.close(a, b) for a, b in pairs)


def _instant(text: str) -> float | None:
    if not _WIRE_TIME.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
