"""Statistics over rounds: the median and the range."""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_FEWEST_ROUNDS = 3


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, with the lowest and the highest."""

    median: float
    low: float
    high: float

    @property
    def inverse(self) -> "Spread":
        """The inverse ratio."""
        return Spread(1 / self.median, 1 / self.high, 1 / self.low)

    @property
    def can_tell_from_one(self) -> bool:
        """Whether this ratio lies on one side of 1 in all rounds."""
        return self.low > 1 or self.high < 1


def spread(values: Iterable[float | None]) -> Spread | None:
    """Summarise rounds; None if no round has a value."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Spread(statistics.median(known), min(known), max(known))


def ratio(ours: Mapping[int, float | None], theirs: Mapping[int, float | None]) -> Spread | None:
    """Return ours divided by theirs, per round, so that a slow phase of the machine affects both.

    Both map the number of a round to its value. None if fewer than three rounds have both, and
    neither is 0: a range of two is meaningless.
    """
    found = [
        value / other for number, value in ours.items() if value and (other := theirs.get(number))
    ]
    return spread(found) if len(found) >= _FEWEST_ROUNDS else None


def ratio_in_words(found: Spread) -> str:
    """Format a ratio and its range with significant digits: `1.9 (1.8 to 2.0)`."""
    digits = 2 if found.median < 1.5 else 1 if found.median < 10 else 0
    median, low, high = (f"{each:.{digits}f}" for each in (found.median, found.low, found.high))
    return f"{median} ({low} to {high})"


def in_words(value: float, digits: int = 3) -> str:
    """Format a number with significant digits and no exponent: `1,230`, `0.123`."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    if abs(rounded) >= 100:
        return f"{rounded:,.0f}"
    text = f"{rounded:.6f}".rstrip("0").rstrip(".")
    return text or "0"
