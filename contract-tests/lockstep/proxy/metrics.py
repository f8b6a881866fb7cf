"""The counts of a proxy as Prometheus metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lockstep.proxy.settings import Counts
from lockstep.warrant import Latency, Warrant

# The upper bounds of the histograms, in seconds: the Prometheus defaults.
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


@dataclass(frozen=True, slots=True, eq=False)
class ProxyCollector(Collector):
    """The metrics of one scrape of a proxy."""

    warrant: Warrant
    counts: Counts
    waiting: int

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; counters only grow while the proxy runs."""
        yield from self._by_route()
        yield self._diverged()
        yield self._failed()
        yield self._latency()
        waiting = "Requests that wait to be compared."
        yield GaugeMetricFamily("lockstep_queue_depth", waiting, self.waiting)
        left = "Clients that disconnected before the end of their response."
        yield CounterMetricFamily("lockstep_clients_left", left, self.counts.left)
        lost = "Writes that were not mirrored: the states may have diverged."
        yield CounterMetricFamily("lockstep_writes_lost", lost, self.counts.lost)
        errors = "Responses that could not be compared because of an internal error."
        yield CounterMetricFamily("lockstep_errors", errors, len(self.counts.errors))

    def _by_route(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "lockstep_requests",
            "Requests of clients, by status class of the reference's response.",
            labels=["route", "method", "status_class"],
        )
        for route in self.warrant.routes:
            for status_class, count in route.answers.items():
                requests.add_metric([route.name, route.method, status_class], count)
        yield requests
        for name, documentation in _COUNTS.items():
            metric = CounterMetricFamily(f"lockstep_{name}", documentation, labels=["route"])
            for route in self.warrant.routes:
                metric.add_metric([route.name], getattr(route, name))
            yield metric
        bound = GaugeMetricFamily(
            "lockstep_divergence_bound",
            "The share of requests that diverges is below this with 95 % (Clopper-Pearson).",
            labels=["route"],
        )
        for route in self.warrant.routes:
            bound.add_metric([route.name], route.bound())
        yield bound

    def _diverged(self) -> Metric:
        metric = CounterMetricFamily(
            "lockstep_divergences",
            "Responses that diverged, by what differs; one may count in several classes.",
            labels=["route", "class"],
        )
        for route in self.warrant.routes:
            for kind, count in route.kinds.items():
                metric.add_metric([route.name, kind], count)
        return metric

    def _failed(self) -> Metric:
        metric = CounterMetricFamily(
            "lockstep_unanswered",
            "Requests that a target did not respond to.",
            labels=["route", "target"],
        )
        for route in self.warrant.routes:
            for target, count in route.failed.items():
                metric.add_metric([route.name, target], count)
        return metric

    def _latency(self) -> Metric:
        metric = HistogramMetricFamily(
            "lockstep_target_latency_seconds",
            "How long a target took for requests that were compared.",
            labels=["route", "target"],
        )
        for route in self.warrant.routes:
            for target, latency in route.latency.items():
                buckets = list(_cumulated(latency))
                metric.add_metric([route.name, target], buckets, latency.total_seconds)
        return metric


_COUNTS = {
    "compared": "Responses that were compared.",
    "alike": "Responses that were compared and did not differ.",
    "known": "Responses that differ only in known differences.",
    "diverged": "Responses that differ.",
    "shed": "Responses that were not compared, since too many were waiting.",
    "unclear": "Responses that differ, but overlapped with a write or follow from an earlier one.",
}


def _cumulated(latency: Latency) -> Iterator[tuple[str, float]]:
    for bound in _BOUNDS:
        yield str(bound), latency.below(bound)
    yield "+Inf", latency.count
