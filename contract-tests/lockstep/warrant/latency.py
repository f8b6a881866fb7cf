"""Latencies, in a form that can be merged over processes and hosts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

# Relative accuracy of a quantile.
ACCURACY = 0.01
_GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
_LOG_GAMMA = math.log(_GAMMA)
# The shortest latency in seconds; nothing over a network is faster.
_SHORTEST = 1e-6
# 95 % of a normal distribution are within this many standard deviations.
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Ratio:
    """The ratio of two median latencies, with a 95 % confidence interval."""

    ratio: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.ratio:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(slots=True)
class Latency:
    """A histogram whose quantiles have a relative error of at most 1 %; times are in seconds.

    Bucket `i` has the times up to `gamma ** i` seconds that the one below does not have; histograms
    are merged by addition. C. Masson, J. E. Rim and H. K. Lee, "DDSketch: a fast and
    fully-mergeable quantile sketch with relative-error guarantees", PVLDB 12 (2019), 2195-2205.
    """

    buckets: Counter[int] = field(default_factory=Counter)
    total_seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Add one time."""
        self.buckets[math.ceil(math.log(max(seconds, _SHORTEST)) / _LOG_GAMMA)] += 1
        self.total_seconds += seconds

    @property
    def count(self) -> int:
        """The number of times."""
        return self.buckets.total()

    def quantile(self, share: float) -> float | None:
        """Return a quantile; `None` without times."""
        count = self.count
        return self._at(max(1, math.ceil(share * count))) if count else None

    def below(self, seconds: float) -> int:
        """Return the number of times up to a limit, with the accuracy of the buckets."""
        last = math.floor(math.log(seconds) / _LOG_GAMMA + 1e-9)
        return sum(count for index, count in self.buckets.items() if index <= last)

    def median_interval(self) -> tuple[float, float] | None:
        """Return the 95 % confidence interval of the median, by order statistics, or `None`.

        The number of times below the median is binomial, whatever their distribution; see W. J.
        Conover, "Practical Nonparametric Statistics" (1999), 3.2.
        """
        count = self.count
        if not count:
            return None
        spread = _Z * math.sqrt(count) / 2
        low = max(1, math.floor(count / 2 - spread))
        high = min(count, math.ceil(count / 2 + spread) + 1)
        return self._at(low), self._at(high)

    def ratio_to(self, other: Latency) -> Ratio | None:
        """Return the ratio of this median to another one; `None` if one of them has no times.

        The intervals of both are combined on the logarithmic scale: G. Y. Zou and A. Donner,
        "Construction of confidence limits about effect measures", Statistics in Medicine 27 (2008),
        1693-1702.
        """
        own, its = self.median_interval(), other.median_interval()
        mine, yours = self.quantile(0.5), other.quantile(0.5)
        if own is None or its is None or mine is None or yours is None:
            return None
        log, low, high = math.log(mine), math.log(own[0]), math.log(own[1])
        other_log, other_low, other_high = math.log(yours), math.log(its[0]), math.log(its[1])
        middle = log - other_log
        down = math.hypot(log - low, other_high - other_log)
        up = math.hypot(high - log, other_log - other_low)
        return Ratio(math.exp(middle), math.exp(middle - down), math.exp(middle + up))

    def plus(self, other: Latency) -> Latency:
        """Return the sum of both histograms."""
        return Latency(self.buckets + other.buckets, self.total_seconds + other.total_seconds)

    def minus(self, earlier: Latency) -> Latency:
        """Return the times added since an earlier reading of the same histogram."""
        seconds = max(0.0, self.total_seconds - earlier.total_seconds)
        return Latency(self.buckets - earlier.buckets, seconds)

    def as_data(self) -> dict[str, object]:
        """Return the JSON form; `buckets` maps the index of each bucket to its count."""
        return {
            "count": self.count,
            "p50": self.quantile(0.5),
            "p99": self.quantile(0.99),
            "accuracy": ACCURACY,
            "total_seconds": self.total_seconds,
            "buckets": {str(index): count for index, count in sorted(self.buckets.items())},
        }

    @classmethod
    def of(cls, data: Mapping[str, object]) -> Latency:
        """Read the JSON form. Raises `ValueError` for buckets of another size."""
        if data["accuracy"] != ACCURACY:
            raise ValueError(f"latency of the accuracy {data['accuracy']} cannot be added up")
        buckets, seconds = data["buckets"], data["total_seconds"]
        if not isinstance(buckets, Mapping) or not isinstance(seconds, int | float):
            raise ValueError("latency without buckets")
        return cls(Counter({int(index): count for index, count in buckets.items()}), seconds)

    def _at(self, rank: int) -> float:
        """Return the time of a rank, from 1, as the middle of its bucket."""
        seen = 0
        for index in sorted(self.buckets):
            seen += self.buckets[index]
            if seen >= rank:
                return 2 * math.exp(index * _LOG_GAMMA) / (_GAMMA + 1)
        raise ValueError(f"there are only {seen} measurements")
