"""The highest rate that a server sustains."""

from collections.abc import Callable
from dataclasses import dataclass

from tooling.benchmark.load import Sent
from tooling.benchmark.profiles import P99_LIMIT_MS

# The search range, as shares of the saturated rate.
_LOWEST, _HIGHEST = 0.4, 1.1


@dataclass(frozen=True)
class Highest:
    """The highest sustained rate, 0 if there is none, and its times."""

    rate: float
    sent: Sent | None


def holds(sent: Sent) -> bool:
    """Whether all requests of a step succeeded, 99 of 100 within the limit."""
    p99 = sent.times.p99
    return not (sent.failed or sent.unanswered) and p99 is not None and p99 <= P99_LIMIT_MS


def highest_rate(saturated: float, probes: int, send: Callable[[float], Sent]) -> Highest:
    """Search by bisection in `probes` steps; `send` sends a load at the given rate.

    saturated: requests per second when clients wait for their responses, an upper bound.
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
