"""The recorded server as a silent partner: it is compared with, and never asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from lockstep.exchange.exchanger import Exchanger
from lockstep.inference.forms import is_random
from lockstep.matching import Clock
from lockstep.matching.timestamps import Instant
from lockstep.openapi.conformance import Violation
from lockstep.recordings.recording import Step
from lockstep.results.coverage import Coverage
from lockstep.results.findings import Findings
from lockstep.results.run_log import RunLog
from lockstep.results.trace import Exchange, Trace
from lockstep.transport.messages import Headers, NoResponse, Request, Response, status_of
from lockstep.transport.targets import PendingExchange, Target

RECORDED = "recorded"
# What servers say in headers whether a document tells of it or not.
_TELLING = frozenset(
    {
        "allow",
        "content-disposition",
        "content-type",
        "etag",
        "link",
        "location",
        "retry-after",
        "set-cookie",
        "www-authenticate",
    }
)


class RecordedTarget:
    """Learns from recorded and live answers which name stands for which.

    With `judges` what differs from the recording becomes a finding between `recorded` and the
    leader; else nothing of it is kept.
    """

    def __init__(self, ledger: RunLog, leader: Target, base_url: str, *, judges: bool) -> None:
        kept = _Aside.beside(ledger) if judges else scratch(ledger)
        kept.clock = RecordedClock(ledger.clock.tolerance, ledger.clock.started)
        self._judges = judges
        self._live = leader.name
        sides = [_Silent(RECORDED, base_url), _Silent(leader.name, leader.base_url)]
        self._exchanger = Exchanger(kept, sides, repairs=False, asks_again=False)

    def translate(self, request: Request) -> Request:
        """A recorded request in the leader's names."""
        return self._exchanger.translate(request, self._live)

    def hear(
        self, step: Step, sent: Request, exchange: Exchange, *, lost: bool = False
    ) -> Exchange | None:
        """Match the recorded answer with the leader's, where both are known.

        Returns them side by side, or `None` where they were not held together. With `lost` the
        request names what the leader cannot know: its refusal is no finding.
        """
        live, recorded = exchange.leader, step.answer
        if not isinstance(recorded, Response) or not isinstance(live, Response):
            return None
        alike = recorded.status == live.status
        judged = self._judges and not lost and not _is_newer(recorded, live)
        if (step.partial and alike) or not (alike or judged):
            return None
        requests = {RECORDED: step.request, self._live: sent}
        recorded, live = self._comparable(step.request, recorded, live)
        return self._exchanger.record(
            step.request, requests, {RECORDED: recorded, self._live: live}
        )

    def _comparable(
        self, request: Request, recorded: Response, live: Response
    ) -> tuple[Response, Response]:
        """Two answers with those of their headers that tell something of the servers.

        What a recording lacks the answer may have had all the same: tools leave out cookies, or all
        headers. What no document tells of is made by proxies before the recorded server.
        """
        operation = self._exchanger.ledger.document.find(request.method, request.path)
        response = operation.response_for(recorded.status) if operation is not None else None
        documented = set(response.headers) if response is not None else set()
        told = {name.lower() for name, _ in recorded.headers}
        own = {name.lower() for name, _ in live.headers}
        kept = told & (_TELLING | documented)
        kept |= {name for name in told & own if _is_made(recorded, name) and _is_made(live, name)}
        if told - {"content-type"}:
            kept |= documented - {"set-cookie"}
        headers = recorded.headers
        if "content-type" not in told:
            kept.add("content-type")
            headers += tuple(pair for pair in live.headers if pair[0].lower() == "content-type")
        # Whether the connection was kept is in no recording.
        return (
            replace(recorded, headers=_only(headers, kept), closes=live.closes),
            replace(live, headers=_only(live.headers, kept)),
        )


def _only(headers: Headers, names: set[str]) -> Headers:
    return tuple(pair for pair in headers if pair[0].lower() in names)


def _is_made(answer: Response, name: str) -> bool:
    """Whether a header holds what a server made up, which later requests may have to name."""
    return is_random(answer.header(name) or "")


def _is_newer(recorded: Response, live: Response) -> bool:
    """Whether a client's copy was fresh then and is not now, since its tag is of another time."""
    return recorded.status == 304 and live.status == 200


@dataclass(frozen=True, slots=True)
class RecordedClock(Clock):
    """Lets an instant of the recording stand for one of this run."""

    def is_now(self, instant: Instant) -> bool:
        """Whether an instant lies within this run or before it, when the recording was made."""
        return instant.seconds < self.started or Clock.is_now(self, instant)

    def near(self, left: Instant, right: Instant) -> bool:
        """Whether a recorded instant may stand for a live one."""
        made = Clock.is_now(self, right) and left.seconds <= self.started + self.tolerance
        return made or Clock.near(self, left, right)


def scratch(ledger: RunLog) -> RunLog:
    """A ledger for tries: what it is told counts neither in coverage nor in findings."""
    document = ledger.document
    return replace(
        ledger, coverage=Coverage(document), findings=Findings([]), exchanges=0, requests=0
    )


class _Aside(RunLog):
    """Keeps what concerns the recorded side; the live ones have been counted when they answered."""

    @classmethod
    def beside(cls, ledger: RunLog) -> _Aside:
        shared = (each.name for each in fields(ledger) if each.init)
        return cls(**{name: getattr(ledger, name) for name in shared})

    def add_violations(
        self, exchange: Exchange, name: str, violations: Iterable[Violation], trace: Trace
    ) -> None:
        """Keep nothing: whether the recorded server kept the document is not asked."""

    def count(self, exchange: Exchange) -> None:
        status = status_of(exchange.outcomes[RECORDED])
        self.coverage.operations[exchange.label].differing += exchange.counted
        if status is not None:
            self.coverage.saw(exchange.label, RECORDED, status)


class _Silent(Target):
    """A side whose answers are known already; what else is asked of it stays without an answer."""

    def start(self, request: Request) -> PendingExchange:
        failure = NoResponse("refused", "a recording cannot be asked")
        return PendingExchange(self, request.method, failure=failure)
