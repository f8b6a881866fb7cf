"""Where exchanges leave their marks."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

from lockstep.compare.server_headers import ServerHabits
from lockstep.effects.calls.proxies import Proxies
from lockstep.effects.growth import StatementBook
from lockstep.effects.watch import Mirrors
from lockstep.matching import Clock
from lockstep.matching.bounded_dict import BoundedDict
from lockstep.matching.noise import NoiseBook
from lockstep.matching.rules import Rules
from lockstep.openapi.conformance import Conformance, Violation
from lockstep.openapi.document import Document
from lockstep.openapi.sharding import Share
from lockstep.results.condition_reader import ConditionReader
from lockstep.results.coverage import Coverage
from lockstep.results.divergent_state import DivergentState
from lockstep.results.exchange import Exchange
from lockstep.results.faults import FaultLog
from lockstep.results.findings import PARITY, Findings
from lockstep.results.patience import Patience
from lockstep.results.signatures import Observation, SignatureReader
from lockstep.results.trace import History, Trace
from lockstep.transport.messages import Request, Response

# Suites have servers of their own for each stage, which are gone with it.
_MOST_HISTORIES = 8


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
    patience: Patience = field(default_factory=Patience)
    exchanges: int = 0
    requests: int = 0
    # Of those with several targets: how many could be compared, and how many could not because of
    # a fault of lockstep's own.
    compared: int = 0
    uncompared: int = 0
    faults: FaultLog = field(default_factory=FaultLog)
    habits: ServerHabits = field(default_factory=ServerHabits)
    # What the databases of targets hold.
    mirrors: Mirrors = field(default_factory=Mirrors)
    # How many statements they were sent.
    statements: StatementBook = field(default_factory=StatementBook)
    # What the targets call through lockstep.
    proxies: Proxies = field(default_factory=Proxies)
    # What of the document is tried here, and not by another shard.
    share: Share = field(default_factory=Share)
    # The names of safe operations that change something all the same.
    unrepeatable: set[str] = field(default_factory=set)
    # The names of users who may do more or less than the usual ones.
    other_users: set[str] = field(default_factory=set)
    # Whether clients send the requests: then nobody knows whose credentials are whose.
    from_clients: bool = False
    # Told of each exchange when all is known of it.
    listeners: list[Callable[[Exchange], None]] = field(default_factory=list)
    conditions: ConditionReader = field(init=False)
    signatures: SignatureReader = field(init=False)
    _histories: BoundedDict[tuple[Hashable, ...], History] = field(
        default_factory=lambda: BoundedDict(_MOST_HISTORIES), init=False
    )
    _divergent: BoundedDict[tuple[Hashable, ...], DivergentState] = field(
        default_factory=lambda: BoundedDict(_MOST_HISTORIES), init=False
    )
    _parted_before: Counter[str] = field(default_factory=Counter, init=False)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.conditions = ConditionReader(self.document, self.conformance, self.other_users)
        self.signatures = SignatureReader(self.document)

    def history(self, *sent_to: Hashable) -> History:
        """What was sent to targets in one way, since they were brought into a state."""
        with self._lock:
            return self._histories.setdefault(sent_to, History())

    def is_slow(self, request: Request) -> bool:
        """Whether the path of a request has kept its callers waiting."""
        return self.patience.is_slow(self.place(request.method, request.path)[1])

    def place(self, method: str, path: str) -> tuple[str, str]:
        """By what a request is waited for: the label of its operation, and its documented path."""
        label = self.document.label(method, path)
        return label, self.document.template(path) or label

    def settle_conditions(self) -> None:
        """Hold the conditions of findings against what the run has learnt since they were read."""
        for finding in self.findings.all():
            finding.conditions = self.conditions.settled(finding.operation, finding.conditions)

    def divergent(self, *sent_to: Hashable) -> DivergentState:
        """What these targets no longer have in common, whichever stage has parted them."""
        with self._lock:
            return self._divergent.setdefault(sent_to, DivergentState())

    def begin_anew(self) -> None:
        """The targets are in another state: what was sent before has made nothing of it."""
        with self._lock:
            self._histories.clear()
            self._parted_before = self._parted()
            self._divergent.clear()

    def not_reconciled(self) -> list[str]:
        """What stayed different between targets, in words."""
        with self._lock:
            return [
                f"{label}: {count} times the states diverged and could not be reconciled"
                for label, count in sorted(self._parted().items())
            ]

    def _parted(self) -> Counter[str]:
        return sum((each.parted for each in self._divergent.values()), self._parted_before)

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
        category: str = PARITY,
    ) -> None:
        """Record what differs between the leader and a partner."""
        if exchange.sets_up:
            return
        if self.findings.add_observation(exchange, observation, names, trace, category):
            exchange.counted = True

    def count(self, exchange: Exchange) -> None:
        """Count an exchange and its answers."""
        with self._lock:
            self._count(exchange)
        for listener in self.listeners:
            listener(exchange)

    def count_comparison(self, *, done: bool) -> None:
        """Count an exchange whose answers were to be compared with each other."""
        with self._lock:
            self.compared += done
            self.uncompared += not done

    def count_requests(self, number: int) -> None:
        """Count requests that were sent beside the exchanges."""
        with self._lock:
            self.requests += number

    def _count(self, exchange: Exchange) -> None:
        self.exchanges += 1
        self.requests += len(exchange.outcomes)
        if exchange.sets_up:
            return
        request = exchange.request
        of_client = self.from_clients and self.conditions.requests.has_credentials(request)
        self.coverage.sent(
            exchange.label, request, authorised=request.actor is not None or of_client
        )
        record = self.coverage.operations[exchange.label]
        record.requests += 1
        record.differing += exchange.counted
        for name, outcome in exchange.outcomes.items():
            if isinstance(outcome, Response):
                self.coverage.saw(exchange.label, name, outcome.status)
