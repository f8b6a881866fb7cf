"""Near matches of a pattern: strings that match for as long as possible, and then do not.

A backtracking matcher tries all ways to divide the repeated part before it fails.
"""

import itertools
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

# Each breaks some pattern: not a letter, not printable, not one code unit long.
_BREAKING = ("\0", " ", "!", "é", "🚚", "\n")
_SAMPLES = 12
_UNIT_LENGTHS = (1, 2)
# Long enough to detect superlinear time.
_TRIAL_LENGTH = 600
_TRIALS = 3


@dataclass(frozen=True, slots=True)
class NearMatch:
    """A beginning, a repeated unit, and an end that breaks the pattern."""

    begin: str
    unit: str
    end: str

    def of_length(self, length: int) -> str:
        """Return the string of about this length."""
        times = max(1, (length - len(self.begin) - len(self.end)) // len(self.unit))
        return self.begin + self.unit * times + self.end


@cache
def near_matches(pattern: str, count: int) -> tuple[NearMatch, ...]:
    """Return the near matches that take a backtracking matcher, Python's own, the longest."""
    compiled = re.compile(pattern)
    found = dict.fromkeys(near for text in _samples(pattern) for near in _pumped(compiled, text))
    slowest = sorted(found, key=lambda near: -_seconds(compiled, near))
    return tuple(slowest[:count])


def _pumped(pattern: re.Pattern[str], text: str) -> Iterator[NearMatch]:
    end = next((each for each in _BREAKING if not pattern.search(each)), _BREAKING[0])
    for length, at in itertools.product(_UNIT_LENGTHS, range(len(text))):
        unit = text[at : at + length]
        if len(unit) == length:
            yield NearMatch(text[:at], unit, end)


def _seconds(pattern: re.Pattern[str], near: NearMatch) -> float:
    text = near.of_length(_TRIAL_LENGTH)
    taken = []
    for _ in range(_TRIALS):
        started = time.perf_counter()
        pattern.search(text)
        taken.append(time.perf_counter() - started)
    return min(taken)


def _samples(pattern: str) -> set[str]:
    """Return strings that match, the same on each call."""
    found: set[str] = set()

    @settings(
        max_examples=_SAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.from_regex(pattern, fullmatch=True))
    def collect(text: str) -> None:
        found.add(text)

    collect()
    return found
