"""The ramp: raises the share step by step while warrants hold, and rolls back when one fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from lockstep.cutover.decision import Cause, Decision, Outcome, decide
from lockstep.cutover.judging import Evidence, Judges, Reading, evidence, since, users
from lockstep.cutover.plan import CutoverPlan, Step
from lockstep.cutover.routers import Router, RouterError
from lockstep.cutover.state import State, StateFile, now
from lockstep.warrant import Warrant, json_text, read_warrant

Ending = Literal["arrived", "back", "stopped"]


@dataclass(frozen=True, slots=True)
class Patience:
    """Durations in seconds.

    `back`: time limit for moving the traffic back, which is retried after `again`, as is a refused
    move. `settle`: time limit for responses still in flight then, until none arrives for `quiet`.
    `look`: interval between two checks of the router, for whether someone else has moved the
    traffic.
    """

    back: float = 60.0
    again: float = 1.0
    settle: float = 5.0
    quiet: float = 1.0
    look: float = 1.0


class CutoverError(Exception):
    """The ramp cannot start or continue; the traffic stays where it is."""


class Reporter(Protocol):
    """A reporter of the progress."""

    def stage(self, title: str) -> None:
        """Report the start of a step."""

    def progress(self, text: str, done: int, total: int | None) -> None:
        """Report the number of responses of the new target."""


@dataclass(slots=True)
class Result:
    """The result of a ramp. `went_back` is the time from the finding to a share of 0, in seconds.

    `routes` has the evidence of the ramp by route, `sums` the totals for users.
    """

    ending: Ending
    state: State
    cause: Cause | None = None
    went_back: float | None = None
    decision: Decision | None = None
    routes: Sequence[Evidence] = ()
    sums: Evidence = field(default_factory=lambda: Evidence("all routes"))


class _BackError(Exception):
    """All traffic has to go back."""

    def __init__(self, cause: Cause, seen: float) -> None:
        super().__init__(cause.sentence)
        self.cause = cause
        self.seen = seen


class _StoppedError(Exception):
    """The ramp was stopped on request; the traffic stays."""


@dataclass
class Ramp:
    """One ramp of a plan; `stop` ends it at the current share."""

    plan: CutoverPlan
    router: Router
    judges: Judges
    file: StateFile
    reporter: Reporter
    stop: threading.Event = field(default_factory=threading.Event)
    patience: Patience = field(default_factory=Patience)
    _state: State = field(init=False, repr=False)
    _baselines: dict[str, Warrant] = field(init=False, repr=False)
    _reading: Reading = field(init=False, repr=False)
    _decision: Decision | None = field(default=None, init=False, repr=False)
    _move_at: float = field(default=0.0, init=False, repr=False)
    _looked_at: float = field(default=0.0, init=False, repr=False)

    def run(self) -> Result:
        """Continue from the state file, to the end of the plan or back.

        Raises `CutoverError`, `RouterError` and `StateError` if that is not possible.
        """
        self._reading = self._all_judges()
        first = self._begin()
        if first is None:
            return Result("arrived", self._state)
        try:
            self._set(first)
            for number in range(first, len(self.plan.steps)):
                self._stay(number)
        except _BackError as error:
            return self._back(error)
        except _StoppedError:
            self._state.note("stopped; the traffic stays")
            self.file.save(self._state)
            return self._result("stopped")
        self._state.phase = "arrived"
        self._state.note("arrived")
        self.file.save(self._state)
        return self._result("arrived")

    def _all_judges(self) -> Reading:
        reading = self.judges.ask()
        if reading.reasons:
            raise CutoverError("\n".join(reading.reasons.values()))
        return reading

    def _begin(self) -> int | None:
        """Return the first step; `None` if the ramp is complete."""
        share = self.router.share()
        found = self.file.load()
        if found is not None and found.phase == "ramp":
            self._state = found
            return self._go_on(share)
        if found is not None and found.phase == "arrived" and share == 100:
            self._state = found
            return None
        if share:
            raise CutoverError(
                f"{self.plan.new} already gets {share:g} %, but {self.file.path} has no ramp: "
                "--back sets it to 0"
            )
        self._state = State(self.plan.digest, began=now())
        self._state.baselines = {
            admin: json_text(warrant) for admin, warrant in self._reading.warrants.items()
        }
        self._baselines = dict(self._reading.warrants)
        return 0

    def _go_on(self, share: float | None) -> int:
        """Return the step with the share of the router, which overrides the state file."""
        percents = [step.percent for step in self.plan.steps]
        if share is None:
            # It was stopped before the first share was set.
            share = percents[0] if self._state.step == 0 else None
        if share not in percents or share > self._state.percent:
            has = "no share" if share is None else f"{share:g} %"
            raise CutoverError(
                f"{self.plan.new} has {has}, but {self.file.path} has {self._state.percent:g} %: "
                "--back sets it to 0"
            )
        if self._state.plan != self.plan.digest:
            self._state.note("the plan has changed")
            self._state.plan = self.plan.digest
        self._baselines = {
            admin: read_warrant(text, str(self.file.path))
            for admin, text in self._state.baselines.items()
        }
        self._state.note("resumed")
        return percents.index(share)

    def _set(self, number: int) -> None:
        """Set the share of a step; the intention is saved first."""
        percent = self.plan.steps[number].percent
        self._state.step, self._state.percent = number, percent
        self.file.save(self._state)
        self.router.move(percent)
        self._state.note(f"{percent:g} % to {self.plan.new}")
        self.file.save(self._state)
        self.reporter.stage(f"{percent:g} % to {self.plan.new}")

    def _stay(self, number: int) -> None:
        """Stay at a step until its warrant holds, and set the share of the next one."""
        step = self.plan.steps[number]
        began = time.monotonic()
        in_step = dict(self._reading.warrants)
        is_noted = False
        while True:
            self._look_at_router()
            decision = self._look(step, in_step)
            if self.stop.is_set():
                raise _StoppedError
            spent = time.monotonic() - began
            if decision.outcome is Outcome.HOLDS and not self._reading.reasons:
                if spent >= step.at_least and self._advance(number):
                    return
            elif step.at_most is not None and spent >= step.at_most and not is_noted:
                if self.plan.stop.on_timeout == "back":
                    raise _BackError(self._too_long(step, decision), time.monotonic())
                self._state.note(f"no warrant after {step.at_most:g} s; still waiting")
                is_noted = True
            self._tell(step, decision, spent)
            if self.stop.wait(self.plan.poll):
                raise _StoppedError

    def _look_at_router(self) -> None:
        """End the ramp if someone else has moved the traffic, such as `--back`."""
        if time.monotonic() - self._looked_at < self.patience.look:
            return
        self._looked_at = time.monotonic()
        try:
            share = self.router.share()
        except RouterError as error:
            # Traffic continues without the admin API, and the judges still see it.
            self.reporter.progress(str(error), 0, None)
            return
        if share == self._state.percent:
            return
        has = "no share" if share is None else f"{share:g} %"
        sentence = (
            f"another process set {self.plan.new} to {has} instead of {self._state.percent:g} %"
        )
        if share == 0:
            raise _BackError(Cause("router", sentence), time.monotonic())
        self._state.note(sentence)
        self.file.save(self._state)
        raise CutoverError(f"{sentence}: the ramp has stopped; --back sets the share to 0")

    def _look(self, step: Step, in_step: Mapping[str, Warrant]) -> Decision:
        """Fetch the warrants, and decide. Raises `_BackError`."""
        plan = self.plan
        self._reading = self.judges.ask()
        seen = time.monotonic()
        warrants = self._reading.warrants
        decision = self._decision = decide(
            plan,
            step,
            evidence(plan, warrants),
            evidence(plan, since(warrants, self._baselines)),
            evidence(plan, since(warrants, in_step)),
        )
        if decision.cause is not None:
            raise _BackError(decision.cause, seen)
        for admin, silent in self._reading.silent.items():
            if silent >= plan.stop.judge_silent:
                sentence = f"silent for {silent:.0f} s: {self._reading.reasons[admin]}"
                raise _BackError(Cause(f"judge {admin}", sentence), seen)
        return decision

    def _advance(self, number: int) -> bool:
        """Set the next share. Returns false if the router refuses it; the step continues then."""
        if time.monotonic() < self._move_at:
            return False
        if self._decision is not None:
            self._state.note(_held(self._decision))
        if number + 1 == len(self.plan.steps):
            return True
        before = self._state.step, self._state.percent
        try:
            self._set(number + 1)
        except RouterError as error:
            self._state.step, self._state.percent = before
            self._state.note(str(error))
            self.file.save(self._state)
            self._move_at = time.monotonic() + self.patience.again
            return False
        return True

    def _too_long(self, step: Step, decision: Decision) -> Cause:
        if self._reading.reasons:
            admin, reason = next(iter(self._reading.reasons.items()))
            return Cause(f"judge {admin}", reason)
        waiting = decision.waiting[0]
        return Cause(waiting.name, f"no warrant after {step.at_most:g} s: {waiting.sentence}")

    def _tell(self, step: Step, decision: Decision, spent: float) -> None:
        served = users(self.plan, self._in_ramp()).served
        if self._reading.reasons:
            text = f"holds: {next(iter(self._reading.reasons.values()))}"
        elif decision.waiting:
            first, more = decision.waiting[0], len(decision.waiting) - 1
            others = f" (and {more} more)" if more else ""
            text = f"waits for {first.name}: {first.sentence}{others}"
        else:
            text = f"holds; {max(0.0, step.at_least - spent):.0f} s to go"
        self.reporter.progress(text, served, None)

    def _back(self, error: _BackError) -> Result:
        """Set the share to 0, with retries, and count the responses until then."""
        self.reporter.stage(f"rolling back to {self.plan.old}")
        self._move_back()
        took = time.monotonic() - error.seen
        self._state.phase, self._state.percent, self._state.step = "back", 0.0, 0
        self._state.note(f"rolled back: {error.cause.route}: {error.cause.sentence}")
        self.file.save(self._state)
        self._settle()
        result = self._result("back")
        result.cause, result.went_back = _explained(error.cause, result.routes), took
        return result

    def _move_back(self) -> None:
        deadline = time.monotonic() + self.patience.back
        while True:
            try:
                return self.router.move(0)
            except RouterError as error:
                if time.monotonic() > deadline:
                    left = f"{self.plan.new} still gets {self._state.percent:g} %"
                    raise RouterError(f"{left}, and it could not be set to 0: {error}") from error
                self._state.note(str(error))
                time.sleep(self.patience.again)

    def _settle(self) -> None:
        """Wait until the proxies of the new target have counted responses still in flight."""
        begin = changed = time.monotonic()
        last: tuple[int, int] | None = None
        while time.monotonic() - begin < self.patience.settle:
            self._reading = self.judges.ask()
            sums = users(self.plan, self._in_ramp())
            found = (sums.served, sums.wrong)
            if found != last:
                last, changed = found, time.monotonic()
            elif time.monotonic() - changed >= self.patience.quiet:
                return
            time.sleep(self.plan.poll)

    def _in_ramp(self) -> list[Evidence]:
        return evidence(self.plan, since(self._reading.warrants, self._baselines))

    def _result(self, ending: Ending) -> Result:
        routes = self._in_ramp()
        return Result(
            ending,
            self._state,
            decision=self._decision,
            routes=routes,
            sums=users(self.plan, routes),
        )


def _explained(cause: Cause, routes: Sequence[Evidence]) -> Cause:
    """Add the finding that arrived after the cause, as responses are compared a little later."""
    known = next((each.findings for each in routes if each.name == cause.route), ())
    if cause.kind is not None or not known:
        return cause
    return replace(
        cause,
        sentence=f"{cause.sentence}: {known[0].sentence}",
        kind=known[0].kind,
        request_id=known[0].request_id,
    )


def _held(decision: Decision) -> str:
    count = len(decision.verdicts)
    return f"the warrant holds: {count} {'route' if count == 1 else 'routes'}"
