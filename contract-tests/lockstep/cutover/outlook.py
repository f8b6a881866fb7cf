"""Previews and shows the status of a ramp, without moving traffic."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lockstep.cutover.decision import decide
from lockstep.cutover.judging import Evidence, Reading, evidence, since
from lockstep.cutover.plan import Bounds, CutoverPlan, RouteGroup, Step
from lockstep.cutover.routers import Router, RouterError
from lockstep.cutover.state import State
from lockstep.warrant import comparisons_for, read_warrant


def dry_run(plan: CutoverPlan, router: Router, reading: Reading) -> Iterator[str]:
    """Yield what each step would do, and what it would wait for, given the current evidence."""
    yield from _places(plan, router, reading)
    known = evidence(plan, reading.warrants)
    for number, step in enumerate(plan.steps, 1):
        yield ""
        yield f"Step {number}: {step.percent:g} % to {plan.new}{_times(plan, step)}"
        yield from _needs(plan, step)
        if step.answers:
            what = "response" if step.answers == 1 else "responses"
            yield f"  at least {step.answers:,} {what} of {plan.new}"
        if known:
            decision = decide(plan, step, known, (), known)
            for each in decision.waiting:
                yield f"  now it would wait for {each.name}: {each.sentence}"
            if decision.cause is not None:
                yield f"  now it would roll back: {decision.cause.route}: {decision.cause.sentence}"
        configuration = router.configuration(step.percent).strip()
        yield from (f"    {line}" for line in configuration.splitlines())
    yield ""
    yield from _stops(plan)


def status(
    plan: CutoverPlan, router: Router, reading: Reading, state: State | None
) -> Iterator[str]:
    """Yield how far the ramp is, and what its step waits for."""
    yield from _places(plan, router, reading)
    if state is None:
        yield "No ramp has begun."
        return
    phase = {"ramp": "under way or stopped", "arrived": "at its end", "back": "back"}
    yield f"The ramp is {phase[state.phase]}: {state.percent:g} % to {plan.new} ({plan.state})"
    yield from (f"  {event.at} {event.what}" for event in state.events)
    if state.phase != "ramp" or not reading.warrants:
        return
    baselines = {admin: read_warrant(text) for admin, text in state.baselines.items()}
    in_ramp = evidence(plan, since(reading.warrants, baselines))
    step = plan.steps[min(state.step, len(plan.steps) - 1)]
    decision = decide(plan, step, evidence(plan, reading.warrants), in_ramp, in_ramp)
    yield from (f"  {each.outcome}: {each.name}: {each.sentence}" for each in decision.verdicts)


def _places(plan: CutoverPlan, router: Router, reading: Reading) -> Iterator[str]:
    try:
        share = router.share()
        text = "no share was ever set" if share is None else f"{share:g} % to {plan.new} now"
    except RouterError as error:
        text = str(error)
    yield f"Router {plan.router.kind}: {text}"
    for judge in plan.judges:
        warrant = reading.warrants.get(judge.admin)
        reason = reading.reasons.get(judge.admin)
        if warrant is not None and reason is None:
            reason = f"{warrant.total.requests:,} requests, {warrant.total.sentence}"
        yield f"Judge {judge.admin}, before {judge.leads}: {reason}"
    for each in evidence(plan, reading.warrants):
        if not each.is_compared:
            yield f"  {each.name}: {_unjudged(each)}"


def _unjudged(each: Evidence) -> str:
    count = f"{each.requests:,} requests, none compared"
    return f"{count}: judged by failed responses only"


def _needs(plan: CutoverPlan, step: Step) -> Iterator[str]:
    for group in plan.groups:
        names = ", ".join(group.match)
        if group.ignore:
            yield f"  {names}: not judged"
        else:
            yield f"  {names}{' together' if group.together else ''}: {_bounds(plan, group, step)}"
    yield f"  each {'other ' if plan.groups else ''}route: {_bounds(plan, None, step)}"


def _bounds(plan: CutoverPlan, group: RouteGroup | None, step: Step) -> str:
    bounds = plan.bounds_for(group, step)
    needed = needed_for(bounds)
    text = (
        f"diverged below {bounds.diverged_below_percent:g} % with "
        f"{bounds.confidence_percent:g} % ({needed:,} compared, if none diverges)"
    )
    if bounds.latency_ratio_below is not None:
        text += f", latency ratio below {bounds.latency_ratio_below:g}"
    return text


def needed_for(bounds: Bounds) -> int:
    """Return the number of comparisons needed for bounds if no response diverges."""
    limit, confidence = bounds.diverged_below_percent / 100, bounds.confidence_percent / 100
    return max(bounds.compared, comparisons_for(limit, 0, confidence))


def _times(plan: CutoverPlan, step: Step) -> str:
    text = f", at least {_seconds(step.at_least)}"
    if step.at_most is not None:
        then = "roll back" if plan.stop.on_timeout == "back" else "keep waiting"
        text += f"; after {_seconds(step.at_most)} without a warrant, {then}"
    return text


def _stops(plan: CutoverPlan) -> Iterator[str]:
    stop = plan.stop
    yield (
        f"Back to 0 at once: {stop.failed:,} failed or {stop.diverged:,} diverged "
        f"{'response' if max(stop.failed, stop.diverged) == 1 else 'responses'} in the ramp, "
        f"or a judge that is silent for {_seconds(stop.judge_silent)}."
    )
    yield f"The judges are polled every {_seconds(plan.poll)}. No traffic was moved."


def _seconds(value: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if value >= size and math.isclose(value % size, 0):
            return f"{value / size:g} {unit}"
    return f"{value:g} s"
