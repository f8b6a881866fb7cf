"""Counts the results of requests by route, as they arrive."""

from __future__ import annotations

import hashlib
import json
import math
import re
import threading
from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta

from lockstep.explain import Explainer
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.openapi.operations import METHODS, Operation
from lockstep.results.exchange import Exchange
from lockstep.results.findings import COMPARED, EFFECTS, Finding
from lockstep.transport.messages import NoResponse, Request, Response
from lockstep.warrant.latency import Latency
from lockstep.warrant.model import Divergence, Route, Warrant, joined
from lockstep.warrant.unseen import Unseen

Masking = Callable[[str, Exchange], str]
_UNDOCUMENTED = "(undocumented)"
_METHODS = frozenset(method.upper() for method in METHODS)
# version-traceid-parentid-flags (W3C Trace Context).
_TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")
# Longer ones do not come from a tracer.
_REQUEST_ID = re.compile(r"[\w.:/+=-]{1,128}")


class Recorder:
    """A growing warrant; register `note` as one of the `listeners` of a run's log.

    One thread records, any other may read a `warrant` meanwhile.
    """

    def __init__(
        self,
        document: Document,
        conformance: Conformance,
        targets: Sequence[str],
        masking: Masking | None = None,
        *,
        text: Callable[[str], str] = str,
        kept_seconds: float = math.inf,
        hears_all: bool = False,
    ) -> None:
        """Start from zero; `targets` begin with the reference.

        `masking` removes secrets from a sentence about an exchange; without it no values are
        recorded. `text` does the same with names. Findings that were not seen again for
        `kept_seconds` are dropped; their counts stay. With `hears_all` every request is reported by
        `answered`, also those that are not compared.
        """
        self._document = document
        self._targets = tuple(targets)
        self._explainer = Explainer(document, conformance)
        self._masking = masking
        self._text = text
        self._kept_seconds = kept_seconds
        self._hears_all = hears_all
        self._lock = threading.Lock()
        self._started = now()
        self._digest = digest_of(document)
        self._routes: dict[str, Route] = {}
        self._unseen: dict[str, Unseen] = {}
        self._sentences: dict[int, tuple[Finding, str]] = {}
        for operation in document.operations.values():
            self._route_of(operation, operation.method)
            self._unseen[operation.name] = Unseen(document, operation)

    def answered(self, method: str, path: str, status: int) -> None:
        """Count a response of the reference to a client."""
        with self._lock:
            route = self._find(method, path)
            route.requests += 1
            route.answers[f"{status // 100}xx"] += 1

    def shed(self, method: str, path: str) -> None:
        """Count a request that was not compared, since too many were waiting."""
        with self._lock:
            self._find(method, path).shed += 1

    def failed(self, method: str, path: str, target: str) -> None:
        """Count a missing response of a target."""
        with self._lock:
            self._find(method, path).failed[target] += 1

    def unclear(self, method: str, path: str) -> None:
        """Count a request that overlapped with a write, so that a difference has no meaning."""
        with self._lock:
            self._find(method, path).unclear += 1

    def set_aside(self, method: str, path: str, reason: str) -> None:
        """Count a request that was not judged for a reason."""
        with self._lock:
            self._find(method, path).set_aside[reason] += 1

    def note(self, exchange: Exchange) -> None:
        """Count a compared exchange."""
        if exchange.sets_up or not exchange.outcomes.keys() >= set(self._targets[:2]):
            return
        request = exchange.request
        found = [each for each in exchange.findings if each.category in COMPARED]
        with self._lock:
            route = self._find(request.method, request.path)
            if not self._hears_all and isinstance(exchange.leader, Response):
                route.requests += 1
                route.answers[f"{exchange.leader.status // 100}xx"] += 1
            for name, outcome in exchange.outcomes.items():
                if isinstance(outcome, NoResponse):
                    route.failed[name] += 1
            for name, seconds in exchange.seconds.items():
                route.latency.setdefault(name, Latency()).add(seconds)
            self._count(route, exchange, found)
            unseen = self._unseen.get(exchange.label)
            if unseen is not None and isinstance(exchange.leader, Response):
                unseen.note(request, exchange.leader)

    def warrant(self, notes: Sequence[str] = ()) -> Warrant:
        """Return the current warrant."""
        oldest = now(-self._kept_seconds) if math.isfinite(self._kept_seconds) else ""
        with self._lock:
            routes = deepcopy(list(self._routes.values()))
            for route in routes:
                route.findings = [one for one in route.findings if one.at >= oldest]
                unseen = self._unseen.get(route.operation or "")
                if unseen is not None:
                    route.never_seen = unseen.by_category()
        routes.sort(key=lambda route: not route.documented)
        title = self._document.title
        return Warrant(
            title, self._digest, self._targets, self._started, now(), routes, notes=list(notes)
        )

    def _count(self, route: Route, exchange: Exchange, found: Sequence[Finding]) -> None:
        if found:
            route.diverged += 1
            route.kinds.update({_kind(each) for each in found})
            at, request_id = now(), request_id_of(exchange.request)
            divergences = [
                Divergence(_kind(each), self._sentence(each, exchange), at, 1, request_id)
                for each in found
            ]
            route.findings = joined(divergences, route.findings)
        elif exchange.excused:
            route.unclear += 1
        elif exchange.known:
            route.known += 1
        else:
            route.alike += 1

    def _sentence(self, finding: Finding, exchange: Exchange) -> str:
        """Return a finding's first sentence, so that repetitions are counted together."""
        known = self._sentences.get(id(finding))
        if known is not None and known[0] is finding:
            return known[1]
        if self._masking is None:
            text = self._text(f"`{finding.operation}`: {finding.where} differs.")
        else:
            text = self._masking(self._explainer.sentence(finding, self._targets), exchange)
        self._sentences[id(finding)] = finding, text
        return text

    def _find(self, method: str, path: str) -> Route:
        return self._route_of(self._document.find(method, path), method)

    def _route_of(self, operation: Operation | None, method: str) -> Route:
        if operation is None:
            known = method if method in _METHODS else "OTHER"
            name = f"{known} {_UNDOCUMENTED}"
            return self._routes.setdefault(name, Route(name, documented=False))
        name = f"{operation.method} {operation.path}"
        route = self._routes.get(name)
        if route is None:
            route = self._routes[name] = Route(name, operation.name)
        return route


def digest_of(document: Document) -> str:
    """Return a digest that identifies the content of a document."""
    text = json.dumps(document.raw, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def now(plus_seconds: float = 0.0) -> str:
    """Return the time in UTC, as ISO 8601."""
    time = datetime.now(UTC) + timedelta(seconds=plus_seconds)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def request_id_of(request: Request) -> str | None:
    """Return the id of a request in logs and traces, if it has one."""
    given = request.header("x-request-id") or request.header("x-correlation-id") or ""
    if _REQUEST_ID.fullmatch(given):
        return given
    traced = _TRACE_PARENT.fullmatch(request.header("traceparent") or "")
    return traced[1] if traced is not None else None


def _kind(finding: Finding) -> str:
    return "effects" if finding.category == EFFECTS else finding.kind
