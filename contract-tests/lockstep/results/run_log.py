"""Collects the results of all exchanges of a run."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from lockstep.compare.counters import Counters
from lockstep.compare.server_headers import ServerHabits
from lockstep.effects.calls.proxies import Proxies
from lockstep.effects.growth import StatementBook
from lockstep.effects.watch import Mirrors
from lockstep.matching import Clock
from lockstep.matching.bounded_dict import BoundedDict
from lockstep.matching.difference import Difference
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
from lockstep.results.history import History
from lockstep.results.patience import Patience
from lockstep.results.sides import Pair, Sides
from lockstep.results.signatures import Observation, SignatureReader
from lockstep.results.trace import Trace
from lockstep.transport.messages import Request, Response

# Suites start separate servers for each stage, which are stopped with it.
_MOST_HISTORIES = 8


@dataclass(slots=True)
class RunLog:
    """The results of all exchanges; shared by all stages of a run.

    An exchange is one request to every target: `requests` counts those sent to each target. Safe to
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
    # Exchanges with several targets that were compared, and those that could not be because of an
    # internal error.
    compared: int = 0
    uncompared: int = 0
    faults: FaultLog = field(default_factory=FaultLog)
    habits: ServerHabits = field(default_factory=ServerHabits)
    # Numbers that the targets count up with each resource created.
    counters: Counters = field(default_factory=Counters)
    # Snapshots of the targets' databases.
    mirrors: Mirrors = field(default_factory=Mirrors)
    # Counters of the targets' SQL statements.
    statements: StatementBook = field(default_factory=StatementBook)
    # The targets' outbound calls through lockstep.
    proxies: Proxies = field(default_factory=Proxies)
    # The part of the document that this shard tests.
    share: Share = field(default_factory=Share)
    # The names of operations with safe methods that nevertheless change something.
    unrepeatable: set[str] = field(default_factory=set)
    # The names of users with more or fewer permissions than the usual ones.
    other_users: set[str] = field(default_factory=set)
    # The label of the last request that each target was sent while it accepted connections.
    latest: dict[str, str] = field(default_factory=dict)
    # Whether the requests come from clients, so that it is unknown whose credentials they carry.
    from_clients: bool = False
    # Callbacks that get each exchange when it is complete.
    listeners: list[Callable[[Exchange], None]] = field(default_factory=list)
    conditions: ConditionReader = field(init=False)
    signatures: SignatureReader = field(init=False)
    _sides: Sides = field(default_factory=Sides, init=False)
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
        """Return the history of targets, by how they are addressed, since their last reset."""
        with self._lock:
            return self._histories.setdefault(sent_to, History())

    def is_slow(self, request: Request) -> bool:
        """Whether the path of a request has been slow."""
        return self.patience.is_slow(self.place(request.method, request.path)[1])

    def place(self, method: str, path: str) -> tuple[str, str]:
        """Return the keys of a request's timeout: its operation's label and documented path."""
        label = self.document.label(method, path)
        return label, self.document.template(path) or label

    def settle_conditions(self) -> None:
        """Update the conditions of findings with what the run has learnt since."""
        for finding in self.findings.all():
            finding.conditions = self.conditions.settled(finding.operation, finding.conditions)

    def divergent(self, *sent_to: Hashable) -> DivergentState:
        """Return the diverged state of targets, across all stages."""
        with self._lock:
            return self._divergent.setdefault(sent_to, DivergentState())

    def begin_anew(self) -> None:
        """Forget histories and divergence after the targets' state was reset."""
        with self._lock:
            self._histories.clear()
            self.counters.begin_anew()
            self._parted_before = self._parted()
            self._divergent.clear()

    def not_reconciled(self) -> list[str]:
        """Return sentences on states that diverged and could not be reconciled."""
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
        """Record the violations by the response of one target."""
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

    def observed(
        self, exchange: Exchange, partner: str, differences: Sequence[Difference]
    ) -> tuple[Pair, list[Observation]]:
        """Return the facts in the differences of one partner from the leader, and both names.

        The names, and with them the values, are in the same order whichever target leads.
        """
        names, seen, oriented = self._sides.oriented(exchange, partner, differences)
        return names, self.signatures.read(seen, oriented)

    def add_observation(
        self,
        exchange: Exchange,
        names: Pair,
        observation: Observation,
        trace: Trace,
        category: str = PARITY,
    ) -> None:
        """Record a difference between two targets."""
        if exchange.sets_up:
            return
        if self.findings.add_observation(exchange, observation, names, trace, category):
            exchange.counted = True

    def count(self, exchange: Exchange) -> None:
        """Count an exchange and its responses."""
        with self._lock:
            self._count(exchange)
        for listener in self.listeners:
            listener(exchange)

    def count_comparison(self, *, done: bool) -> None:
        """Count an exchange whose responses were to be compared."""
        with self._lock:
            self.compared += done
            self.uncompared += not done

    def count_requests(self, number: int) -> None:
        """Count requests that were sent outside of exchanges."""
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
