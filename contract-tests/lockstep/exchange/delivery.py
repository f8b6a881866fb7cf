"""Sends each target its version of a request, all at once, and waits for the responses."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from lockstep.exchange.effects import EffectsWatch
from lockstep.exchange.rw_lock import ReadWriteLock
from lockstep.exchange.simultaneous import send_at_once
from lockstep.results.run_log import RunLog
from lockstep.transport.arrival import first_bytes
from lockstep.transport.credentials import Identity
from lockstep.transport.messages import Outcome, Request
from lockstep.transport.targets import PendingExchange, Target


@dataclass(slots=True)
class Delivery:
    """Sends requests, and stores cookies set by responses in the `identities` of users.

    Deliveries that run in parallel share a `gate`.
    """

    ledger: RunLog
    targets: Sequence[Target]
    identities: Mapping[str, Identity]
    effects: EffectsWatch
    gate: ReadWriteLock | None = None
    # Seconds until the first byte of each target's response, if there are listeners.
    seconds: dict[str, float] = field(default_factory=dict, init=False)

    def send(self, requests: Mapping[str, Request]) -> dict[str, Outcome]:
        """Send the requests and return the outcomes, both by target name."""
        first = next(iter(requests.values()))
        with self.gate.passing(first.method) if self.gate is not None else nullcontext():
            pending = [target.start(requests[target.name]) for target in self.asked(requests)]
            label, path = self.ledger.place(first.method, first.path)
            # A partner's call waits until the leader has responded, and so would its first byte.
            times = self.ledger.listeners and self.effects.calls is None
            self.seconds = first_bytes(pending) if times else {}
            outcomes: dict[str, Outcome] = {}
            for each in pending:
                outcomes[each.target.name] = self._finish(each, label, path)
                if each is pending[0]:
                    self.effects.leader_answered()
        self.absorb(requests, outcomes)
        return outcomes

    def send_at_once(
        self, requests: Sequence[Mapping[str, Request]], first: int
    ) -> list[dict[str, Outcome]]:
        """Send requests, each by target, concurrently, and return the outcomes of each.

        The request number `first` is sent before the others.
        """
        jobs = [(target, sent[target.name]) for sent in requests for target in self.asked(sent)]
        answers = iter(send_at_once(jobs, first))
        rows = [{target.name: next(answers) for target in self.asked(sent)} for sent in requests]
        for sent, row in zip(requests, rows, strict=True):
            self.absorb(sent, row)
        return rows

    def asked(self, requests: Mapping[str, Request]) -> list[Target]:
        """Return the targets that requests are addressed to, in order."""
        return [target for target in self.targets if target.name in requests]

    def absorb(self, requests: Mapping[str, Request], outcomes: Mapping[str, Outcome]) -> None:
        """Store the cookies set by responses with the users who sent the requests."""
        for name, outcome in outcomes.items():
            identity = self.identities.get(requests[name].actor or "")
            if identity is not None:
                identity.absorb(requests[name], outcome, name)

    def _finish(self, pending: PendingExchange, label: str, path: str) -> Outcome:
        """Wait for a response, with the timeout that applies to its operation."""
        patience, name = self.ledger.patience, pending.target.name
        pending.hurry(patience.seconds(label, name), patience.stream_seconds(label, name))
        outcome = pending.finish()
        took = time.monotonic() - pending.started
        stage = self.ledger.findings.stage
        patience.note(label, name, outcome, stage, path=path, seconds=took)
        return outcome
