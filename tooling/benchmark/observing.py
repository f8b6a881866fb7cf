"""Sends load to a server and measures the resources used by it and the database."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from testbed import usage
from testbed.postgres import PostgresServer
from tooling.benchmark.load import Sender, Sent
from tooling.benchmark.workload import Mix

# A percentile is reported only if this many requests exceed it.
_FEWEST_BEYOND = 1.0


class LoadError(Exception):
    """Requests that had to succeed did not."""


@dataclass
class Observer:
    """Measures one server. most_bytes: its highest memory usage, in bytes."""

    name: str
    pid: int
    database: PostgresServer
    sender: Sender
    most_bytes: int = 0

    def saturate(
        self, mix: Mix, seconds: float, connections: int | None = None
    ) -> tuple[Sent, dict[str, float]]:
        """Keep all connections, or this many, busy; also return the cost per request."""
        return self._watched(lambda: self.sender.saturate(mix, seconds, connections=connections))

    def send(self, mix: Mix, rate: float, seconds: float) -> tuple[Sent, dict[str, float]]:
        """Send at a constant rate; also return the cost per request."""
        return self._watched(lambda: self.sender.send(mix, rate, seconds))

    def _watched(self, send: Callable[[], Sent]) -> tuple[Sent, dict[str, float]]:
        server, database = usage.cpu_seconds(self.pid), self._database_seconds()
        sent = send()
        spent = usage.cpu_seconds(self.pid) - server
        spent_by_database = self._database_seconds() - database
        self.most_bytes = max(self.most_bytes, usage.memory_bytes(self.pid))
        return sent, {
            "cpu_ms": spent * 1000 / sent.times.count,
            "database_cpu_ms": max(0.0, spent_by_database) * 1000 / sent.times.count,
        }

    def _database_seconds(self) -> float:
        return usage.cpu_seconds(self.database.pid)


def times_of(sent: Sent) -> dict[str, Any]:
    """Return the times of a step as JSON; None for percentiles that too few requests exceed."""
    shares = {"p50": 0.5, "p99": 0.01, "p999": 0.001}
    known = {
        name: getattr(sent.times, name) if sent.times.count * share >= _FEWEST_BEYOND else None
        for name, share in shares.items()
    }
    failed = sent.failed + sent.unanswered
    return {"count": sent.times.count, **known, "failed": failed, "late_p99": sent.late.p99}
