"""Asks the other targets what the first one has answered, and compares; in a thread of its own."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, replace

from lockstep.exchange.exchanger import Exchanger, TargetLostError
from lockstep.proxy.bodies import HeadConformance, whole_bodies, without_bodies
from lockstep.proxy.settings import READS, Counts, ProxySettings
from lockstep.recordings.accounts import Accounts
from lockstep.results.run_log import RunLog
from lockstep.transport.messages import NoResponse, Outcome, Request, Response, status_of
from lockstep.transport.targets import Target

# A mirror that has been silent so often is left alone for a while.
MAX_SILENCE = 5
REST_SECONDS = 5.0
# Not what a server makes of a request, but whether it is there and fast enough.
_FAULTS = frozenset({"refused", "timeout", "tls", "unknown_host"})


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A request with the leader's answer; `epoch` says which writes it may have met."""

    request: Request
    answer: Response
    epoch: int
    is_cut: bool = False


class Mirrors:
    """The targets that are compared on the side.

    They are asked in the order of the leader's answers. When more waits than the queue holds, what
    comes next is skipped: a client never waits for a mirror.
    """

    def __init__(
        self, ledger: RunLog, targets: list[Target], settings: ProxySettings, counts: Counts
    ) -> None:
        # Nothing may be written to servers with real users but what these users write.
        self._whole = Exchanger(ledger, targets, repairs=False)
        heads = replace(ledger, conformance=HeadConformance(ledger.document))
        self._heads = Exchanger(heads, targets, repairs=False, asks_again=False)
        self._accounts = Accounts()
        self._settings = settings
        self._counts = counts
        self._silent = dict.fromkeys((target.name for target in targets[1:]), 0)
        self._resting: dict[str, float] = {}
        self._queue: queue.Queue[Mirrored | None] = queue.Queue(settings.queue)
        self._lock = threading.Lock()
        self._writing = 0
        self._epoch = 0
        self._thread = threading.Thread(target=self._work, name="mirrors", daemon=True)
        self._thread.start()

    def began(self, *, writes: bool) -> int:
        """A request is under way; returns the epoch that its answer belongs to."""
        with self._lock:
            if writes:
                self._writing += 1
                self._epoch += 1
            # No epoch at all while a write is under way: who knows what a read will see?
            return self._epoch if writes or not self._writing else -1

    def ended(self, *, writes: bool) -> None:
        """A request is over."""
        with self._lock:
            if writes:
                self._writing -= 1
                self._epoch += 1

    def offer(self, item: Mirrored) -> None:
        """Take an answered request, or skip it when too many wait; returns at once."""
        if item.epoch != self._epoch and item.request.method in READS:
            item = replace(item, epoch=-1)
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self._counts.skipped += 1

    def close(self, seconds: float) -> None:
        """Let the mirrors finish what waits, for so long at the most."""
        deadline = time.monotonic() + seconds
        while self._thread.is_alive() and time.monotonic() < deadline:
            try:
                self._queue.put(None, timeout=0.1)
                break
            except queue.Full:
                continue
        self._thread.join(max(0.0, deadline - time.monotonic()))
        self._counts.skipped += self._queue.qsize()

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._mirror(item)
            except TargetLostError:
                # It rests anyway; what its silence means is said when the proxy ends.
                continue
            except Exception as error:
                # Clients are still to be answered; the run fails when the proxy ends.
                what = f"{item.request.method} {item.request.path.partition('?')[0]}"
                self._counts.errors.append(f"comparing {what}: {type(error).__name__}: {error}")

    def _mirror(self, item: Mirrored) -> None:
        request = item.request
        targets = self._awake()
        if not targets:
            self._counts.rested += 1
            return
        requests = {each.name: self._whole.translate(request, each.name) for each in targets}
        pending = [target.start(requests[target.name]) for target in targets]
        answers = {waiting.target.name: waiting.finish() for waiting in pending}
        for name, answer in answers.items():
            self._notice(name, answer)
        told = {name: answer for name, answer in answers.items() if not _is_fault(answer)}
        if not told:
            return
        if self._is_unclear(item, told):
            self._counts.unclear += 1
            return
        self._counts.mirrored += 1
        leader = self._whole.targets[0].name
        self._record(item, {leader: request, **requests}, {leader: item.answer, **told})

    def _record(
        self, item: Mirrored, requests: dict[str, Request], outcomes: dict[str, Outcome]
    ) -> None:
        sent = {name: requests[name] for name in outcomes}
        whole = None if item.is_cut else whole_bodies(outcomes, self._settings.body_limit)
        if whole is None:
            self._counts.cut += 1
            self._heads.record(item.request, sent, without_bodies(outcomes))
        else:
            group = self._accounts.group(item.request)
            self._whole.record(item.request, sent, whole, group=group)

    def _is_unclear(self, item: Mirrored, told: dict[str, Outcome]) -> bool:
        """Whether a write may have come between the leader's answer and a mirror's."""
        if item.request.method not in READS:
            return False
        moved = not self._settings.mirrors_writes and item.epoch != self._epoch
        if item.epoch != -1 and not moved:
            return False
        return any(
            status_of(answer) != item.answer.status or answer.body != item.answer.body
            for answer in told.values()
            if isinstance(answer, Response)
        )

    def _awake(self) -> list[Target]:
        now = time.monotonic()
        return [each for each in self._whole.targets[1:] if self._resting.get(each.name, 0) <= now]

    def _notice(self, name: str, answer: Outcome) -> None:
        if isinstance(answer, NoResponse):
            self._silent[name] += 1
            self._counts.faults[name, answer.reason] += 1
            if self._silent[name] >= MAX_SILENCE:
                self._resting[name] = time.monotonic() + REST_SECONDS
        else:
            self._silent[name] = 0


def _is_fault(answer: Outcome) -> bool:
    return isinstance(answer, NoResponse) and answer.reason in _FAULTS
