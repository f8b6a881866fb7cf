"""The amount of measurements: PROFILE=quick|default|deep."""

from collections.abc import Mapping
from dataclasses import dataclass

# A rate with a higher p99 does not count as sustained.
P99_LIMIT_MS = 100.0


@dataclass(frozen=True)
class Profile:
    """What one round measures of each server; times in seconds, rates in requests per second.

    parity: the profile of the contract tests before it. workers: the numbers of workers of each
    server; only the mixed load is measured with more than the first. alone: the loads of the
    workload that are measured separately. warm_up: number of requests. probes: steps of the search
    for the highest rate. half: whether each load is also sent at half of that rate. outages: the
    number of rounds with a database outage.
    """

    parity: str
    rounds: int
    workers: tuple[int, ...]
    alone: tuple[str, ...]
    rates: tuple[int, ...]
    warm_up: int
    half: bool
    burst: float
    probes: int
    probe: float
    fixed: float
    outages: int
    unit_tests: bool

    def seconds_of_mixed(self, *, first: bool) -> float:
        """Return how long the mixed load of one server and round takes."""
        curve = len(self.rates) * self.fixed if first else 0.0
        return self.seconds_of_search + curve

    @property
    def seconds_of_search(self) -> float:
        """How long the search for one highest rate takes, including half of it."""
        return self.burst + (self.probes + self.half) * self.probe


_ALONE = (
    "read a task",
    "list tasks",
    "create a task",
    "change a task",
    "start and stop the timer",
    "report",
    "log in",
)
_RATES = (50, 100, 200, 300, 400, 600, 800)

PROFILES: Mapping[str, Profile] = {
    "quick": Profile(
        parity="quick",
        rounds=3,
        workers=(1,),
        alone=("list tasks",),
        rates=(100, 200),
        warm_up=600,
        half=False,
        burst=0.5,
        probes=3,
        probe=0.6,
        fixed=1,
        outages=1,
        unit_tests=False,
    ),
    "default": Profile(
        parity="default",
        rounds=5,
        workers=(1, 2),
        alone=_ALONE,
        rates=_RATES,
        warm_up=3000,
        half=True,
        burst=1,
        probes=4,
        probe=1.5,
        fixed=4,
        outages=5,
        unit_tests=True,
    ),
    "deep": Profile(
        parity="deep",
        rounds=9,
        workers=(1, 2),
        alone=_ALONE,
        rates=_RATES,
        warm_up=20_000,
        half=True,
        burst=4,
        probes=6,
        probe=8,
        fixed=15,
        outages=9,
        unit_tests=True,
    ),
}
