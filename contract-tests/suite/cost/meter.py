"""Measures the processor time of a response, and how long other requests wait meanwhile."""

import time
from dataclasses import dataclass

from lockstep.transport.messages import Outcome, Request
from lockstep.transport.targets import Target
from testbed.usage import alive

_HEALTH = Request("GET", "/health")


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one request: processor time, and the time of a concurrent request to /health."""

    outcome: Outcome
    processor_seconds: float
    health_seconds: float

    def least(self, other: "Cost") -> "Cost":
        """Return the lower of two costs each: other load on the machine only adds to them."""
        return Cost(
            self.outcome,
            min(self.processor_seconds, other.processor_seconds),
            min(self.health_seconds, other.health_seconds),
        )


class Meter:
    """Sends requests to a server on this machine, and reads the CPU clocks of its processes.

    token: sent with every request that has no Authorization yet.
    """

    def __init__(self, target: Target, pid: int, token: str) -> None:
        self.target = target
        self._token = token
        self._clocks = [_clock_of(each.pid) for each in alive(pid)]

    def measure(self, request: Request) -> Cost:
        """Send a request, another one to /health meanwhile, and wait for both."""
        if request.header("Authorization") is None:
            request = request.with_header("Authorization", f"Bearer {self._token}")
        before = self._processor_seconds()
        pending = self.target.start(request)
        started = time.monotonic()
        self.target.send(_HEALTH)
        waited = time.monotonic() - started
        outcome = pending.finish()
        return Cost(outcome, self._processor_seconds() - before, waited)

    def _processor_seconds(self) -> float:
        return sum(time.clock_gettime(clock) for clock in self._clocks)


def _clock_of(pid: int) -> int:
    """Return the CPU clock of another process, in nanoseconds (Linux, clock_getcpuclockid(3))."""
    return ~pid << 3 | 2
