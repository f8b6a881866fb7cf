"""The highest rate that a server holds."""

from collections.abc import Callable
from dataclasses import dataclass

from tooling.benchmark.load import Sent
from tooling.benchmark.profiles import P99_LIMIT_MS

# Where to look, as shares of the rate at which all connections are busy.
_LOWEST, _HIGHEST = 0.4, 1.1


@dataclass(frozen=True)
class Highest:
    """The highest rate that was held, 0 if none was, and what its times were."""

    rate: float
    sent: Sent | None


def holds(sent: Sent) -> bool:
    """Whether all requests of a step were answered well, 99 of 100 within the limit."""
    p99 = sent.times.p99
    return not (sent.failed or sent.unanswered) and p99 is not None and p99 <= P99_LIMIT_MS


def highest_rate(saturated: float, probes: int, send: Callable[[float], Sent]) -> Highest:
    """Search by bisection with so many steps, each a load at the rate that `send` is given.

    saturated: requests a second when clients wait for their answers, which no more can be held of.
    """
    low, high = _LOWEST * saturated, _HIGHEST * saturated
    best = Highest(0.0, None)
    for _ in range(probes):
        rate = (low + high) / 2
        sent = send(rate)
        if holds(sent):
            low, best = rate, Highest(rate, sent)
        else:
            high = rate
    return best
