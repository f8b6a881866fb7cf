"""Sends one request to all targets at once: translates, compares, learns and records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

from lockstep.compare.answers import Comparer
from lockstep.compare.parsed import ParsedAnswer
from lockstep.exchange.compensation import Compensation
from lockstep.exchange.delivery import Delivery
from lockstep.exchange.effects import EffectsWatch
from lockstep.exchange.noise_probe import NoiseProbe
from lockstep.exchange.rw_lock import ReadWriteLock
from lockstep.exchange.shown import Shared, ShownResources
from lockstep.exchange.silence import SilenceWatch, TargetLostError
from lockstep.exchange.simultaneous import paired_by_likeness
from lockstep.exchange.translation import Translator
from lockstep.exchange.triage import Triage
from lockstep.exchange.versions import Versions
from lockstep.matching import Difference
from lockstep.matching.bijection import SymbolTable
from lockstep.openapi.operations import Operation
from lockstep.openapi.shapes import Generated
from lockstep.results.exchange import SAFE_METHODS, Effects, Exchange
from lockstep.results.faults import LeftOutError
from lockstep.results.run_log import RunLog
from lockstep.results.trace import Trace
from lockstep.transport.credentials import Identity
from lockstep.transport.messages import Outcome, Request, Response, status_of
from lockstep.transport.targets import Target

__all__ = ["Exchanger", "TargetLostError"]

Listener = Callable[[Exchange, list[Generated]], None]


class Exchanger:
    """Sends every request to every target and compares the responses.

    The first target is the leader: requests are written with its identifiers, and translated for
    the others. With `rotate` the targets share one state: each request goes to the next one in
    turn, and nothing is translated or compared. Without `repairs` no requests are sent to undo a
    write that succeeded on one side only; without `asks_again` no request is repeated to tell noise
    from divergence. Exchangers that work in parallel share a `gate`.
    """

    def __init__(
        self,
        ledger: RunLog,
        targets: Sequence[Target],
        *,
        rotate: bool = False,
        repairs: bool = True,
        asks_again: bool | Callable[[], bool] = True,
        gate: ReadWriteLock | None = None,
    ) -> None:
        if not targets:
            raise ValueError("at least one target is needed")
        self.ledger = ledger
        self.targets = list(targets)
        self.listeners: list[Listener] = []
        # The users who have logged in, by the actor of their requests.
        self.identities: dict[str, Identity] = {}
        # The operations with safe methods that are not to be repeated.
        self.unrepeatable = ledger.unrepeatable
        # While true, requests only create what other requests need, and are not judged.
        self.sets_up = False
        self.rotates = rotate
        self._addresses = {target.name: target.base_url for target in self.targets}
        self._curl_options = {target.name: target.curl_options for target in self.targets}
        self._silence = SilenceWatch(self.targets, ledger)
        self._table = table = SymbolTable([target.name for target in self.targets[1:]])
        self._translator = Translator(ledger.document, table)
        self.versions = Versions(self.targets, self._translator, self.identities, rotate)
        self.trace = Trace(self._translator.names, ledger.history(rotate, *self.targets))
        self._comparer = Comparer(
            ledger.document,
            table,
            ledger.clock,
            leader=self.targets[0].name,
            urls=self._addresses,
            sent=self._translator.sent,
            rules=ledger.rules,
            noise=ledger.noise,
            habits=ledger.habits if asks_again else None,
            counters=ledger.counters,
        )
        self._shown = ShownResources(ledger.document.scopes, table, self._generated)
        # The side effects of requests.
        self.effects = EffectsWatch(ledger, self.targets, table, gate, rotates=rotate)
        self._delivery = Delivery(ledger, self.targets, self.identities, self.effects, gate)
        self._second_look = NoiseProbe(ledger, self.targets, asks_again) if asks_again else None
        undoes = repairs and not rotate and len(self.targets) > 1
        self._triage = Triage(
            ledger,
            self.trace,
            ledger.divergent(rotate, *self.targets),
            Compensation(ledger.document, self.targets, self._comparer.generated)
            if undoes
            else None,
            table,
        )

    def send(
        self,
        request: Request,
        *,
        group: str | None = None,
        expected: frozenset[int] = frozenset(),
    ) -> Exchange:
        """Send one request, and judge, compare and record the responses.

        `group` marks exchanges that belong together, such as those of the log-in of one user. A 5xx
        is a finding unless its status code is among the `expected` ones. Raises `TargetLostError`
        when a target has stopped responding.
        """
        requests = self.versions.of(request)
        outcomes, done = self._watched(requests)
        return self.record(
            request,
            requests,
            outcomes,
            group=group,
            expected=expected,
            done=done,
            seconds=self._delivery.seconds,
        )

    def send_apart(self, requests: dict[str, Request], *, group: str | None = None) -> Exchange:
        """Send each target a different request, such as the log-in of an account that only it has.

        Recorded as if the leader's had been sent to all.
        """
        chosen = [self.versions.next()] if self.rotates else self.targets
        own = {target.name: target.dress(requests[target.name]) for target in chosen}
        outcomes, done = self._watched(own)
        leader = requests[self.targets[0].name]
        return self.record(
            leader, own, outcomes, group=group, done=done, seconds=self._delivery.seconds
        )

    def ask(self, request: Request) -> dict[str, Outcome]:
        """Send a request to every target, translated; nothing is compared or recorded."""
        self.effects.overlook()
        if request.method not in SAFE_METHODS:
            self.ledger.counters.disturb()
        requests = self.versions.of(request)
        self.ledger.count_requests(len(requests))
        return self._delivery.send(requests)

    def ask_together(
        self, together: Sequence[Request], *, first: int = 0
    ) -> tuple[list[dict[str, Request]], list[dict[str, Outcome]]]:
        """Send several requests to every target concurrently; nothing is compared or recorded.

        Returns each request and its outcomes, by target. The request number `first` is sent before
        the others.
        """
        self.effects.overlook()
        self.ledger.counters.disturb()
        requests = [self.versions.of(request) for request in together]
        self.ledger.count_requests(sum(map(len, requests)))
        return requests, self._delivery.send_at_once(requests, first)

    def differences(self, request: Request) -> list[Difference]:
        """Send a request and return the differences between the responses; nothing is recorded."""
        document = self.ledger.document
        operation = document.find(request.method, request.path)
        label = document.label(request.method, request.path)
        requests = self.versions.of(request)
        (_, leader), *others = self.ask(request).items()
        compared = (
            self._comparer.compare(
                operation,
                leader,
                outcome,
                name,
                requests=(request, requests[name]),
                label=label,
            )
            for name, outcome in others
        )
        return list(chain.from_iterable(compared))

    def send_together(
        self,
        together: Sequence[Request],
        *,
        expected: frozenset[int] = frozenset(),
        first: int = 0,
    ) -> list[Exchange]:
        """Send several requests to each target concurrently, as a race.

        Which request wins may differ from target to target. So responses are paired by status code
        and by their header fields before they are compared: the replay of a response with the
        partner's replay, and so on. Unless the requests are all the same, a difference may come
        from the order alone: then responses that differ in more than their status code teach
        nothing and are no finding. The request number `first` is sent before the others.
        """
        translated = [self.versions.of(request) for request in together]
        self.effects.begin_together()
        rows = self._delivery.send_at_once(translated, first)
        if len(rows[0]) > 1:
            rows = paired_by_likeness(rows)
        alike = len({replace(request, actor=None) for request in together}) == 1
        parts = zip(together, translated, rows, strict=True)
        return [
            self.record(request, sent, outcomes, expected=expected, ordered=alike, at_once=True)
            for request, sent, outcomes in parts
        ]

    def record(
        self,
        request: Request,
        requests: dict[str, Request],
        outcomes: dict[str, Outcome],
        *,
        group: str | None = None,
        expected: frozenset[int] = frozenset(),
        ordered: bool = True,
        at_once: bool = False,
        done: Effects | None = None,
        seconds: dict[str, float] | None = None,
    ) -> Exchange:
        """Judge, compare and record requests and responses. Raises `TargetLostError`.

        `requests` and `outcomes` are keyed by target name, the leader's first. Responses that are
        not `ordered` may belong to each other's requests: differences between them are ignored.
        Those sent `at_once` may have waited for others. `done` has effects, `seconds` durations.
        """
        self._silence.check(outcomes)
        document = self.ledger.document
        operation = document.find(request.method, request.path)
        exchange = Exchange(
            number=self.trace.next_number(),
            request=request,
            label=document.label(request.method, request.path),
            requests=requests,
            outcomes=outcomes,
            addresses=self._addresses,
            curl_options=self._curl_options,
            group=group,
            sets_up=self.sets_up or (group is not None and not self._is_own(operation)),
            at_once=at_once,
            seconds=seconds or {},
        )
        about = self.ledger.faults.about
        answers = f"the responses to {exchange.label}"
        generated: list[Generated] = []
        with about(f"the ids in {answers} cannot be read"):
            generated = self._generated(operation, exchange.leader)
        made = self._shown.made(exchange, generated)
        with about(f"the faults of a request of {exchange.label} cannot be determined"):
            exchange.conditions = self.ledger.conditions.read(
                exchange, self.trace, from_clients=self.ledger.from_clients
            )
        self.trace.record(exchange, made)
        with about(f"{answers} cannot be validated against the document"):
            self._judge(exchange, operation, expected)
        if done is not None:
            exchange.done = done
        shared = self._compare_and_sort(exchange, operation, made, ordered=ordered)
        if exchange.done:
            with about(f"the side effects of {exchange.label} cannot be compared"):
                parted = self.has_parted(exchange.request)
                self.effects.compare(exchange, self.trace, has_parted=parted)
        if done is not None:
            self.effects.end()
        self.ledger.count(exchange)
        self._silence.note(exchange)
        usable: list[Generated] = []
        with about(f"the ids in {answers} cannot be used"):
            usable = self._shown.usable(exchange, generated, shared)
        for listener in self.listeners:
            with about(f"no values can be learned from {answers}"):
                listener(exchange, usable)
        return exchange

    def _compare_and_sort(
        self,
        exchange: Exchange,
        operation: Operation | None,
        made: dict[str, str],
        *,
        ordered: bool,
    ) -> Shared:
        """Compare the responses, and record differences unless an internal error occurs.

        Returns the keys of resources that differing responses have in common.
        """
        done = False
        shared: Shared = {}
        with self.ledger.faults.about(f"the responses to {exchange.label} cannot be compared"):
            self._compare(exchange, operation, ordered=ordered)
            theirs, shared = self._shown.by_partners(exchange, operation)
            exchange.shows = frozenset(made) | theirs
            self.trace.note_shown(exchange)
            self._triage.sort(exchange, made, shared)
            self.ledger.findings.note(exchange, self.trace)
            done = True
        if len(exchange.outcomes) > 1:
            self.ledger.count_comparison(done=done)
        return shared

    def names(self, request: Request) -> frozenset[str]:
        """Return the keys of the short values that a request refers to; see `Scopes.key`."""
        return self._translator.names(request)

    def is_paired(self, text: str, name: str) -> bool:
        """Whether a text of the leader was seen to correspond to one of a partner."""
        return bool(self._table.to(name).images(text))

    def has_parted(self, request: Request) -> bool:
        """Whether a request refers to what exists or has changed on one side only, or once did."""
        return bool(self._triage.divergent.cause(self.trace.things(request)))

    def _is_own(self, operation: Operation | None) -> bool:
        """Whether a log-in request is judged here: every shard logs in."""
        return operation is None or self.ledger.share.owns(operation.name)

    def leave_out_slow(self, request: Request) -> None:
        """Raise `LeftOutError` for an operation that has used up its time."""
        label, path = self.ledger.place(request.method, request.path)
        if self.ledger.patience.is_used_up(label, path, self.ledger.findings.stage):
            raise LeftOutError(label)

    def _watched(self, requests: dict[str, Request]) -> tuple[dict[str, Outcome], Effects]:
        """Send each target its request, and observe the side effects."""
        sees_rows = self.effects.begin(next(iter(requests.values())).method)
        outcomes = self._delivery.send(requests)
        return outcomes, self.effects.done(sees_rows=sees_rows)

    def _generated(self, operation: Operation | None, outcome: Outcome) -> list[Generated]:
        if not isinstance(outcome, Response):
            return []
        return list(self._comparer.generated(operation, ParsedAnswer(outcome)))

    def _judge(
        self, exchange: Exchange, operation: Operation | None, expected: frozenset[int]
    ) -> None:
        for name, outcome in exchange.outcomes.items():
            if exchange.done.calls.refused(name):
                # Responses without the service's cooperation are not judged.
                continue
            violations = self.ledger.conformance.check(operation, outcome, expected)
            exchange.violations[name] = violations
            self.ledger.add_violations(exchange, name, violations, self.trace)

    def _compare(self, exchange: Exchange, operation: Operation | None, *, ordered: bool) -> None:
        self._translator.remember(exchange.request)
        self._hold_together(exchange, operation, ordered=ordered)
        if self._second_look is not None and self._second_look.take(exchange, self.ask):
            self._hold_together(exchange, operation, ordered=ordered, again=True)

    def _hold_together(
        self,
        exchange: Exchange,
        operation: Operation | None,
        *,
        ordered: bool,
        again: bool = False,
    ) -> None:
        """Compare the response of each partner with the leader's."""
        leader, *partners = exchange.outcomes
        for name in partners:
            pair = exchange.outcomes[leader], exchange.outcomes[name]
            requests = exchange.requests[leader], exchange.requests[name]
            parted = status_of(pair[0]) != status_of(pair[1])
            if not ordered or (parted and exchange.request.method not in SAFE_METHODS):
                self.ledger.counters.disturb()
            alike = ordered or parted
            compare = self._comparer.compare if alike else self._comparer.compare_on_trial
            exchange.differences[name] = compare(
                operation, *pair, name, requests=requests, label=exchange.label, again=again
            )
