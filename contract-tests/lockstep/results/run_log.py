"""Where exchanges leave their marks."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from lockstep.matching import Clock
from lockstep.matching.noise import NoiseBook
from lockstep.matching.rules import Rules
from lockstep.openapi.conformance import Conformance, Violation
from lockstep.openapi.document import Document
from lockstep.openapi.sharding import Share
from lockstep.results.condition_reader import ConditionReader
from lockstep.results.coverage import Coverage
from lockstep.results.findings import Findings
from lockstep.results.signatures import Observation, SignatureReader
from lockstep.results.trace import Exchange, Trace
from lockstep.transport.messages import Response


@dataclass(slots=True)
class RunLog:
    """Where exchanges leave their marks; shared by all stages of a run.

    An exchange is one request to every target: `requests` counts what each target was sent. Safe to
    use from several threads.
    """

    document: Document
    conformance: Conformance
    coverage: Coverage
    findings: Findings
    clock: Clock = field(default_factory=Clock)
    rules: Rules = field(default_factory=Rules)
    noise: NoiseBook = field(default_factory=NoiseBook)
    exchanges: int = 0
    requests: int = 0
    # What of the document is tried here, and not by another shard.
    share: Share = field(default_factory=Share)
    # The names of safe operations that change something all the same.
    unrepeatable: set[str] = field(default_factory=set)
    conditions: ConditionReader = field(init=False)
    signatures: SignatureReader = field(init=False)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.conditions = ConditionReader(self.document, self.conformance)
        self.signatures = SignatureReader(self.document)

    def add_violations(
        self, exchange: Exchange, name: str, violations: Iterable[Violation], trace: Trace
    ) -> None:
        """Record what the answer of one target breaks."""
        if exchange.sets_up:
            return
        for violation in violations:
            exchange.conformant = False
            values = {name: violation.detail}
            if self.findings.add_violation(
                exchange, violation.kind, violation.where, values, trace
            ):
                with self._lock:
                    self.coverage.operations[exchange.label].nonconforming[name] += 1

    def add_observation(
        self,
        exchange: Exchange,
        names: tuple[str, str],
        observation: Observation,
        trace: Trace,
    ) -> None:
        """Record what differs between the leader and a partner."""
        if exchange.sets_up:
            return
        if self.findings.add_observation(exchange, observation, names, trace):
            exchange.counted = True

    def count(self, exchange: Exchange) -> None:
        """Count an exchange and its answers."""
        with self._lock:
            self._count(exchange)

    def count_requests(self, number: int) -> None:
        """Count requests that were sent beside the exchanges."""
        with self._lock:
            self.requests += number

    def _count(self, exchange: Exchange) -> None:
        self.exchanges += 1
        self.requests += len(exchange.outcomes)
        if exchange.sets_up:
            return
        self.coverage.sent(exchange.label, exchange.request)
        record = self.coverage.operations[exchange.label]
        record.requests += 1
        record.differing += exchange.counted
        for name, outcome in exchange.outcomes.items():
            if isinstance(outcome, Response):
                self.coverage.saw(exchange.label, name, outcome.status)
