"""Reads compare.json: the values of each contestant, by round."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tooling.benchmark.spread import Spread, spread

ByRound = Mapping[int, float | None]
Pick = Callable[[Any], float | None]


@dataclass(frozen=True)
class Figures:
    """A finished comparison."""

    data: Mapping[str, Any]

    @property
    def names(self) -> list[str]:
        """All contestants, in their usual order."""
        return [each["name"] for each in self.data["contestants"]]

    @property
    def workers(self) -> list[int]:
        """The numbers of workers, the default one first."""
        return list(self.data["settings"]["workers"])

    def of(self, name: str) -> Mapping[str, Any]:
        """Return the description of a contestant."""
        return next(each for each in self.data["contestants"] if each["name"] == name)

    def by_round(self, name: str, pick: Pick, workers: int | None = None) -> ByRound:
        """Return a contestant's value by round; by default with the default number of workers."""
        chosen = workers or self.workers[0]
        return {
            each["round"]: pick(each)
            for each in self.data["rounds"]
            if each["contestant"] == name and each["workers"] == chosen
        }

    def spread(self, name: str, pick: Pick, workers: int | None = None) -> Spread | None:
        """Return the median of a value and its range over the rounds."""
        return spread(self.by_round(name, pick, workers).values())

    def rates(self) -> list[int]:
        """Return the fixed rates of the curves."""
        return list(self.data["settings"]["rates"])

    def curve(self, name: str, percentile: str) -> Iterator[tuple[int, Spread]]:
        """Yield the points of a curve: each rate that was sent in every round, with its times."""
        for rate in self.rates():
            points = self.by_round(name, at_rate(rate, percentile))
            known = spread(points.values())
            if known is not None and all(value is not None for value in points.values()):
                yield rate, known


def highest(load: str) -> Pick:
    """Return a callback that picks the highest sustained rate of a load."""
    return lambda each: each["loads"][load]["highest"]["rate"] if load in each["loads"] else None


def per_cpu_second(load: str) -> Pick:
    """Return a callback that picks the requests per second of the server's processor time."""

    def pick(each: Any) -> float | None:
        if load not in each["loads"]:
            return None
        milliseconds = each["loads"][load]["saturated"]["cpu_ms"]
        return 1000 / milliseconds if milliseconds else None

    return pick


def unevenness(load: str) -> Pick:
    """Return a callback that picks the ratio of p99 to median, at half the rate."""

    def pick(each: Any) -> float | None:
        half = each["loads"].get(load, {}).get("half")
        return half["p99"] / half["p50"] if half and half["p99"] else None

    return pick


def field(name: str, scale: float = 1.0) -> Pick:
    """Return a callback that picks a number outside of the loads, times a factor."""
    return lambda each: None if each[name] is None else each[name] * scale


def at_rate(rate: int, percentile: str) -> Pick:
    """Return a callback that picks a percentile at a fixed rate, in milliseconds."""

    def pick(each: Any) -> float | None:
        curve = each["loads"].get("mixed", {}).get("curve", [])
        return next((point[percentile] for point in curve if point["rate"] == rate), None)

    return pick
