"""The recorded server as a comparison partner that never receives requests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from lockstep.exchange.exchanger import Exchanger
from lockstep.matching import Clock
from lockstep.matching.timestamps import Instant
from lockstep.openapi.conformance import Violation
from lockstep.openapi.sharding import Share
from lockstep.recordings.comparable import comparable, is_newer
from lockstep.recordings.recording import Step
from lockstep.results.coverage import Coverage
from lockstep.results.exchange import Exchange
from lockstep.results.findings import Findings
from lockstep.results.run_log import RunLog
from lockstep.results.trace import Trace
from lockstep.transport.messages import NoResponse, Request, Response, status_of
from lockstep.transport.streams import is_stream
from lockstep.transport.targets import PendingExchange, Target

RECORDED = "recorded"


class RecordedTarget:
    """Matches the names in recorded responses with those in live responses.

    With `judges` a difference from the recording becomes a finding between `recorded` and the
    leader; otherwise it is discarded.
    """

    def __init__(self, ledger: RunLog, leader: Target, base_url: str, *, judges: bool) -> None:
        kept = _Aside.beside(ledger) if judges else scratch(ledger)
        kept.clock = RecordedClock(ledger.clock.tolerance, ledger.clock.started)
        self._judges = judges
        self._live = leader.name
        sides = [_Silent(RECORDED, base_url), _Silent(leader.name, leader.base_url)]
        self._exchanger = Exchanger(kept, sides, repairs=False, asks_again=False)

    def translate(self, request: Request) -> Request:
        """Translate a recorded request into the leader's names."""
        return self._exchanger.versions.translate(request, self._live)

    def hear(
        self, step: Step, sent: Request, exchange: Exchange, *, lost: bool = False
    ) -> Exchange | None:
        """Match the recorded response with the leader's, where both are known.

        Returns them as an exchange, or `None` if they were not compared. With `lost` the request
        names a resource that the leader cannot know: its rejection is not a finding.
        """
        live, recorded = exchange.leader, step.answer
        if not isinstance(recorded, Response) or not isinstance(live, Response):
            return None
        alike = recorded.status == live.status
        judged = self._judges and not lost and not is_newer(recorded, live)
        if (step.partial and alike) or not (alike or judged):
            return None
        requests = {RECORDED: step.request, self._live: sent}
        document = self._exchanger.ledger.document
        operation = document.find(step.request.method, step.request.path)
        response = operation.response_for(recorded.status) if operation is not None else None
        documented = response.headers.keys() if response is not None else frozenset()
        recorded, live = comparable(recorded, live, documented)
        if is_stream(recorded.header("content-type")):
            # The recording client may have disconnected before the end.
            recorded = replace(recorded, cut=True)
        self._exchanger.sets_up = exchange.sets_up
        return self._exchanger.record(
            step.request, requests, {RECORDED: recorded, self._live: live}
        )


@dataclass(frozen=True, slots=True)
class RecordedClock(Clock):
    """A clock that accepts an instant of the recording for one of this run."""

    def is_now(self, instant: Instant) -> bool:
        """Whether an instant lies within this run or before it, when the recording was made."""
        return instant.seconds < self.started or Clock.is_now(self, instant)

    def near(self, left: Instant, right: Instant) -> bool:
        """Whether a recorded instant may correspond to a live one."""
        made = Clock.is_now(self, right) and left.seconds <= self.started + self.tolerance
        return made or Clock.near(self, left, right)


def scratch(ledger: RunLog) -> RunLog:
    """Return a run log for trials, which count neither in coverage nor in findings."""
    findings = Findings([])
    findings.stage = ledger.findings.stage
    return replace(
        ledger,
        coverage=Coverage(ledger.document, inputs={}),
        findings=findings,
        exchanges=0,
        requests=0,
        share=Share(),
    )


class _Aside(RunLog):
    """Records the recorded side only; live responses were already counted."""

    @classmethod
    def beside(cls, ledger: RunLog) -> _Aside:
        shared = (each.name for each in fields(ledger) if each.init)
        return cls(**{name: getattr(ledger, name) for name in shared})

    def add_violations(
        self, exchange: Exchange, name: str, violations: Iterable[Violation], trace: Trace
    ) -> None:
        """Record nothing: the recorded server is not checked against the document."""

    def count(self, exchange: Exchange) -> None:
        if exchange.sets_up:
            return
        status = status_of(exchange.outcomes[RECORDED])
        self.coverage.operations[exchange.label].differing += exchange.counted
        if status is not None:
            self.coverage.saw(exchange.label, RECORDED, status)
        for listener in self.listeners:
            listener(exchange)


class _Silent(Target):
    """A side whose responses are already known; further requests get no response."""

    def start(self, request: Request) -> PendingExchange:
        failure = NoResponse("refused", "a recording cannot receive requests")
        return PendingExchange(self, request, failure=failure)
