"""Mirrors requests to the other targets, and compares the responses with the first one's."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from lockstep.exchange.exchanger import Exchanger, TargetLostError
from lockstep.proxy.base_paths import BasePaths
from lockstep.proxy.bodies import HeadConformance, whole_bodies, without_bodies
from lockstep.proxy.feed import EPOCH, Shared
from lockstep.proxy.pairing import Pairing
from lockstep.proxy.settings import READS, Counts, ProxySettings
from lockstep.proxy.traffic import Answered, Fate, Mirrored, Passed
from lockstep.recordings.accounts import Accounts
from lockstep.results.run_log import RunLog
from lockstep.transport.messages import NoResponse, Outcome, Request, Response
from lockstep.transport.targets import PendingExchange, Target
from lockstep.warrant.recorder import Recorder

# Requests without a response after which a mirror is skipped for a while.
MAX_SILENCE = 5
REST_SECONDS = 5.0
# Maximum number of concurrent reads at the mirrors. Every n-th read is sent alone, so that its
# response time is that of the mirror only.
_AHEAD = 8
_TIMED_EVERY = 8
# Faults of availability or speed rather than of behaviour.
_FAULTS = frozenset({"refused", "timeout", "tls", "unknown_host"})


@dataclass(slots=True)
class _Asked:
    """A request sent to the mirrors, and their responses once available.

    `is_timed` is true if nothing else was sent meanwhile, so that the response times are valid.
    """

    item: Mirrored
    requests: dict[str, Request]
    pending: list[PendingExchange]
    is_timed: bool = True
    compared_before: int = 0
    answers: dict[str, Outcome] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


class Mirrors:
    """The targets that are compared in the background.

    Requests are sent in the order of the leader's responses, reads a few at a time. `notify` is
    called with messages for users. To be used by one thread.
    """

    def __init__(
        self,
        ledger: RunLog,
        targets: list[Target],
        settings: ProxySettings,
        counts: Counts,
        recorder: Recorder,
        shared: Shared,
        notify: Callable[[str], None],
    ) -> None:
        # Servers with real users must not get any writes but those of the users.
        self._whole = Exchanger(ledger, targets, repairs=False, asks_again=self._is_steady)
        heads = replace(ledger, conformance=HeadConformance(ledger.document))
        self._heads = Exchanger(heads, targets, repairs=False, asks_again=False)
        self._document = ledger.document
        self._faults = ledger.faults
        self._accounts = Accounts()
        self._pairing = Pairing(self._whole, self._accounts) if settings.mirrors_writes else None
        self._base_paths = BasePaths(ledger.document, targets)
        self._settings = settings
        self._counts = counts
        self._recorder = recorder
        self._shared = shared
        self._notify = notify
        self._silent = dict.fromkeys((target.name for target in targets[1:]), 0)
        self._resting: dict[str, float] = {}
        self._asked: deque[_Asked] = deque()
        self._since_timed = 0
        self._compared = 0
        # The epoch of what is compared: no write has begun or ended since.
        self._epoch = -1

    def take(self, message: Mirrored | Answered | Passed) -> None:
        """Process a message of the process that responds to clients."""
        if isinstance(message, Passed):
            self._counts.passed = message
        elif isinstance(message, Mirrored):
            self._take(replace(message, request=self._base_paths.inner(message.request)))
        else:
            self._note(message)

    def finish(self) -> None:
        """Compare all requests that are still in flight."""
        while self._asked:
            self._compare_next()

    @property
    def asked(self) -> int:
        """The number of requests sent to the mirrors and not compared yet."""
        return len(self._asked)

    def sentences(self) -> Iterator[str]:
        """Yield sentences on what was not judged."""
        if self._pairing is not None:
            yield from self._pairing.sentences()

    def _note(self, one: Answered) -> None:
        request = self._base_paths.inner(Request(one.method, one.path))
        method, path = one.method, request.path
        self._see(request, one.status)
        if one.fate in (Fate.SHED, Fate.LOST):
            self._counts.skipped += one.fate is Fate.SHED
            self._recorder.shed(method, path)
        elif one.fate is Fate.UNANSWERED:
            self._recorder.failed(method, path, self._whole.targets[0].name)

    def _see(self, request: Request, status: int) -> None:
        self._recorder.answered(request.method, request.path, status)
        sentence = self._base_paths.note(request, status)
        if sentence:
            self._notify(sentence)

    def _take(self, item: Mirrored) -> None:
        """Send a request to the mirrors; writes wait for all earlier requests."""
        self._see(item.request, item.answer.status)
        writes = item.request.method not in READS
        alone = writes or self._since_timed >= _TIMED_EVERY or any(self._silent.values())
        if alone:
            self.finish()
        with self._guarded(item.request):
            self._ask(item)
        if alone:
            self.finish()
        while len(self._asked) >= _AHEAD:
            self._compare_next()

    def _ask(self, item: Mirrored) -> None:
        targets = self._awake()
        if not targets:
            self._counts.rested += 1
            for target in self._whole.targets[1:]:
                self._recorder.failed(item.request.method, item.request.path, target.name)
            return
        asked = self._sent(item, targets)
        self._asked.append(asked)
        if any(waiting.failure for waiting in asked.pending):
            self.finish()
        elif len(self._asked) > 1:
            for each in self._asked:
                each.is_timed = False

    def _sent(self, item: Mirrored, targets: list[Target]) -> _Asked:
        requests = {
            each.name: self._whole.versions.translate(item.request, each.name) for each in targets
        }
        pending = [each.start(requests[each.name]) for each in targets]
        # It is the next one to be compared, if no other is in flight.
        return _Asked(item, requests, pending, compared_before=self._compared + 1)

    def _compare_next(self) -> None:
        asked = self._asked.popleft()
        self._compared += 1
        with self._guarded(asked.item.request):
            self._compare(asked)

    @contextmanager
    def _guarded(self, request: Request) -> Iterator[None]:
        """Return a context manager for one request, whose errors are reported at the end."""
        try:
            yield
        except TargetLostError:
            # It is skipped for a while anyway; its faults are reported at the end.
            return
        except Exception as error:  # Clients still need responses.
            label = self._document.label(request.method, request.path)
            sentence = f"comparing {label}: {type(error).__name__}"
            self._counts.note_error(sentence)
            self._faults.note(sentence, error)

    def _compare(self, asked: _Asked) -> None:
        item, request = asked.item, asked.item.request
        self._finish_waiting(asked)
        if request.method in READS and self._is_named_otherwise(asked):
            # An earlier comparison has revealed the mirror's identifier in the meantime.
            asked = self._sent(item, [waiting.target for waiting in asked.pending])
            asked.is_timed = not self._asked
            self._finish_waiting(asked)
        for name, answer in asked.answers.items():
            self._notice(name, answer, request)
        responded = {
            name: answer for name, answer in asked.answers.items() if not _is_fault(answer)
        }
        if not responded:
            return
        if self._is_unclear(item, responded):
            self._counts.unclear += 1
            self._recorder.unclear(request.method, request.path)
            return
        leader = self._whole.targets[0].name
        requests = {leader: request, **asked.requests}
        outcomes: dict[str, Outcome] = {leader: item.answer, **responded}
        if self._pairing is not None:
            operation = self._document.find(request.method, request.path)
            route = f"{operation.method} {operation.path}" if operation else "undocumented"
            reason = self._pairing.reason(route, requests, outcomes)
            if reason:
                self._counts.set_aside += 1
                self._recorder.set_aside(request.method, request.path, reason)
                return
        self._counts.mirrored += 1
        self._record(asked, requests, outcomes)

    def _finish_waiting(self, asked: _Asked) -> None:
        for waiting in asked.pending:
            name = waiting.target.name
            asked.answers[name] = waiting.finish()
            asked.seconds[name] = time.monotonic() - waiting.started

    def _is_named_otherwise(self, asked: _Asked) -> bool:
        return asked.compared_before < self._compared and any(
            self._whole.versions.translate(asked.item.request, name) != sent
            for name, sent in asked.requests.items()
        )

    def _record(
        self, asked: _Asked, requests: dict[str, Request], outcomes: dict[str, Outcome]
    ) -> None:
        item = asked.item
        sent = {name: requests[name] for name in outcomes}
        leader = self._whole.targets[0].name
        seconds = {leader: item.seconds, **asked.seconds} if asked.is_timed else {}
        self._since_timed = 0 if asked.is_timed else self._since_timed + 1
        whole = None if item.is_cut else whole_bodies(outcomes, self._settings.body_limit)
        if whole is None:
            self._counts.cut += 1
            bare = without_bodies(outcomes)
            self._heads.record(item.request, sent, bare, seconds=seconds)
        else:
            group = self._accounts.group(item.request)
            self._epoch = item.epoch
            self._whole.record(item.request, sent, whole, group=group, seconds=seconds)

    def _is_unclear(self, item: Mirrored, responded: dict[str, Outcome]) -> bool:
        """Whether a write may have happened between the leader's response and a mirror's."""
        if item.request.method not in READS:
            return False
        moved = not self._settings.mirrors_writes and item.epoch != self._shared[EPOCH]
        if item.epoch != -1 and not moved:
            return False
        answers = [answer for answer in responded.values() if isinstance(answer, Response)]
        if any(_fails(answer) != _fails(item.answer) for answer in answers):
            # A write does not explain a failure of only one of them.
            return False
        return any(
            answer.status != item.answer.status or answer.body != item.answer.body
            for answer in answers
        )

    def _is_steady(self) -> bool:
        """Whether the leader is still in the state in which it answered what is compared."""
        return self._epoch == self._shared[EPOCH]

    def _awake(self) -> list[Target]:
        now = time.monotonic()
        return [each for each in self._whole.targets[1:] if self._resting.get(each.name, 0) <= now]

    def _notice(self, name: str, answer: Outcome, request: Request) -> None:
        if isinstance(answer, NoResponse):
            self._silent[name] += 1
            self._counts.faults[name, answer.reason] += 1
            if _is_fault(answer):
                self._recorder.failed(request.method, request.path, name)
            if self._silent[name] >= MAX_SILENCE:
                self._resting[name] = time.monotonic() + REST_SECONDS
        else:
            self._silent[name] = 0


def _fails(answer: Response) -> bool:
    return answer.status >= 500


def _is_fault(answer: Outcome) -> bool:
    return isinstance(answer, NoResponse) and answer.reason in _FAULTS
