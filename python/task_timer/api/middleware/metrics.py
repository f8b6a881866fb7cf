"""Prometheus metrics of requests and SQL statements."""

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
from ..call import Call

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_WHOLE_BOUND = re.compile(rb'le="([0-9]+)\.0"')


class Metrics:
    """The metrics that the contract defines, in their own registry.

    shared: whether several processes share them, in the directory that main.py sets.
    """

    def __init__(self, contract: Contract, shared: bool = False) -> None:
        self._shared = shared
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._known_methods = frozenset(contract["x-methods"])
        made = {name: self._make(name, rules) for name, rules in contract["x-metrics"].items()}
        self._requests = made["http_requests_total"]
        self._duration = made["http_request_duration_seconds"]
        self._in_flight = made["http_requests_in_flight"]
        self._statements = made["db_statements_total"]
        # The library looks up labels under a lock, one metric after the other.
        self._labelled = functools.cache(self._label)

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

    def text(self) -> bytes:
        """Renders the metrics of all processes in the Prometheus text format, version 0.0.4."""
        registry = self._registry
        if self._shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return _WHOLE_BOUND.sub(rb'le="\1"', generate_latest(registry))

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
                multiprocess_mode="livesum",
            )
        return Histogram(
            name, rules["help"], rules["labels"], registry=self._registry, buckets=rules["buckets"]
        )
