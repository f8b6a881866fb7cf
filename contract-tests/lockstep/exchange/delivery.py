"""Sends each target its own version of a request, all at once, and waits for the answers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from lockstep.exchange.rw_lock import ReadWriteLock
from lockstep.results.run_log import RunLog
from lockstep.transport.arrival import first_bytes
from lockstep.transport.credentials import Identity
from lockstep.transport.messages import Outcome, Request
from lockstep.transport.targets import PendingExchange, Target


@dataclass(slots=True)
class Delivery:
    """Delivers requests; the cookies that answers set are kept for the `identities` of users.

    Deliveries that work in parallel share a `gate`.
    """

    ledger: RunLog
    targets: Sequence[Target]
    identities: Mapping[str, Identity]
    gate: ReadWriteLock | None = None
    # After how many seconds each target has begun to answer, where somebody listens.
    seconds: dict[str, float] = field(default_factory=dict, init=False)

    def send(self, requests: Mapping[str, Request]) -> dict[str, Outcome]:
        """The outcomes of requests, by the names of their targets."""
        first = next(iter(requests.values()))
        with self.gate.passing(first.method) if self.gate is not None else nullcontext():
            pending = [target.start(requests[target.name]) for target in self.asked(requests)]
            label, path = self.ledger.place(first.method, first.path)
            self.seconds = first_bytes(pending) if self.ledger.listeners else {}
            outcomes = {each.target.name: self._finish(each, label, path) for each in pending}
        self.absorb(requests, outcomes)
        return outcomes

    def asked(self, requests: Mapping[str, Request]) -> list[Target]:
        """The targets that requests are for, in order."""
        return [target for target in self.targets if target.name in requests]

    def absorb(self, requests: Mapping[str, Request], outcomes: Mapping[str, Outcome]) -> None:
        """Take the cookies that the answers set for those that their users have."""
        for name, outcome in outcomes.items():
            identity = self.identities.get(requests[name].actor or "")
            if identity is not None:
                identity.absorb(requests[name], outcome, name)

    def _finish(self, pending: PendingExchange, label: str, path: str) -> Outcome:
        """Wait for an answer, as long as its operation deserves."""
        patience, name = self.ledger.patience, pending.target.name
        pending.hurry(patience.seconds(label, name), patience.stream_seconds(label, name))
        outcome = pending.finish()
        took = time.monotonic() - pending.started
        stage = self.ledger.findings.stage
        patience.note(label, name, outcome, stage, path=path, seconds=took)
        return outcome
