"""Prometheus metrics of requests, SQL statements and what they use."""

import functools
import re
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from ...contract import Contract
from ...resources import Resources, usage_of
from ...utils.heartbeat import heartbeat
from ..call import Call

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_WHOLE_BOUND = re.compile(rb'le="([0-9]+)\.0"')


class Metrics:
    """The metrics that the contract defines, in their own registry.

    shared: whether several processes share them, in the directory that main.py sets.
    """

    def __init__(self, contract: Contract, shared: bool = False) -> None:
        self._shared = shared
        self._resources: Resources | None = None
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._known_methods = frozenset(contract["x-methods"])
        self._made = {n: self._make(n, rules) for n, rules in contract["x-metrics"].items()}
        self._requests = self._made["http_requests_total"]
        self._duration = self._made["http_request_duration_seconds"]
        self._in_flight = self._made["http_requests_in_flight"]
        self._statements = self._made["db_statements_total"]
        self._reads = self._made["db_replica_reads_total"]
        for outcome in contract["x-read-replica"]["outcomes"]:
            self._reads.labels(outcome)
        # The library looks up labels under a lock, one metric after the other.
        self._labelled = functools.cache(self._label)

    def watch(self, resources: Resources) -> None:
        """Tells from now on, too, how much of the resources is in use."""
        self._resources = resources
        if self._shared:
            # Others who are asked read what this process has written.
            heartbeat.each_second(self._look)

    def begin(self) -> None:
        """Counts a request as in flight."""
        self._in_flight.inc()

    def end(self, call: Call, seconds: float, statements: int) -> None:
        """Counts a completed request."""
        method = call.method if call.method in self._known_methods else "unknown"
        requests, duration, sent = self._labelled(method, call.operation_name, str(call.status))
        self._in_flight.dec()
        requests.inc()
        duration.observe(seconds)
        sent.inc(statements)

    def count_read(self, outcome: str) -> None:
        """Counts what might be read from the replica."""
        self._reads.labels(outcome).inc()

    def text(self) -> bytes:
        """Renders the metrics of all processes in the Prometheus text format, version 0.0.4."""
        self._look()
        registry = self._registry
        if self._shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return _WHOLE_BOUND.sub(rb'le="\1"', generate_latest(registry))

    def _look(self) -> None:
        if self._resources is not None:
            for name, value in usage_of(self._resources).items():
                self._made[name].set(value)
            self._made["event_loop_lag_seconds"].set(heartbeat.lag)

    def _label(self, method: str, operation: str, status: str) -> tuple[Any, Any, Any]:
        return (
            self._requests.labels(method, operation, status),
            self._duration.labels(method, operation),
            self._statements.labels(operation),
        )

    def _make(self, name: str, rules: dict[str, Any]) -> Any:
        if rules["type"] == "counter":
            return Counter(name, rules["help"], rules["labels"], registry=self._registry)
        if rules["type"] == "gauge":
            return Gauge(
                name,
                rules["help"],
                rules["labels"],
                registry=self._registry,
                multiprocess_mode=f"live{rules.get('combined', 'sum')}",  # type: ignore[arg-type]
            )
        return Histogram(
            name, rules["help"], rules["labels"], registry=self._registry, buckets=rules["buckets"]
        )
