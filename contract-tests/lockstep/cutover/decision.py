"""Decides whether a step's warrant holds, for each route and for the ramp as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lockstep.cutover.judging import Evidence, total, users
from lockstep.cutover.plan import Bounds, CutoverPlan, RouteGroup, Step
from lockstep.warrant import comparisons_for, upper_bound
from lockstep.warrant.bounds import percent


class Outcome(StrEnum):
    """The outcome of a route, or of a step."""

    HOLDS = "holds"
    WAITS = "waits"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a route, or on several together."""

    name: str
    outcome: Outcome
    sentence: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a ramp ends: a route and a sentence; for a finding also its class and a request id."""

    route: str
    sentence: str
    kind: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision at a step, with the verdicts."""

    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    cause: Cause | None = None

    @property
    def waiting(self) -> list[Verdict]:
        """The verdicts that the step waits for."""
        return [each for each in self.verdicts if each.outcome is Outcome.WAITS]


def decide(
    plan: CutoverPlan,
    step: Step,
    until_now: Sequence[Evidence],
    in_ramp: Sequence[Evidence],
    in_step: Sequence[Evidence],
) -> Decision:
    """Decide on a step, given the evidence of all time, of the ramp, and of the step.

    Divergent or failed responses in the ramp end it by their number; bounds and latencies apply to
    all evidence, including the shadow traffic before the ramp.
    """
    verdicts = tuple(_verdicts(plan, step, until_now))
    cause = _stopped(plan, in_ramp) or _broken(verdicts)
    if cause is not None:
        return Decision(Outcome.BROKEN, verdicts, cause)
    served = users(plan, in_step).served
    if served < step.answers:
        sentence = f"{served:,} of {step.answers:,} responses of {plan.new} in this step"
        verdicts = (*verdicts, Verdict("all routes", Outcome.WAITS, sentence))
    if not any(each.compared for each in until_now):
        verdicts = (
            *verdicts,
            Verdict("all routes", Outcome.WAITS, "no response has been compared yet"),
        )
    waits = any(each.outcome is Outcome.WAITS for each in verdicts)
    return Decision(Outcome.WAITS if waits else Outcome.HOLDS, verdicts)


def _stopped(plan: CutoverPlan, in_ramp: Sequence[Evidence]) -> Cause | None:
    """Return the worst route once the divergences or failures of all routes exceed the limit."""
    for count, limit in (("failed", plan.stop.failed), ("diverged", plan.stop.diverged)):
        if sum(getattr(each, count) for each in in_ramp) < limit:
            continue
        worst = max(in_ramp, key=lambda each: int(getattr(each, count)))
        found = next(iter(worst.findings), None)
        if found is not None:
            return Cause(worst.name, found.sentence, found.kind, found.request_id)
        if count == "failed":
            failed = f"{worst.failed:,} of {worst.served:,} responses of {plan.new} failed"
            sentence = f"{failed} (5xx, or no response)"
        else:
            sentence = f"{worst.diverged:,} of {worst.compared:,} responses diverged"
        return Cause(worst.name, sentence)
    return None


def _broken(verdicts: Sequence[Verdict]) -> Cause | None:
    found = next((each for each in verdicts if each.outcome is Outcome.BROKEN), None)
    return Cause(found.name, found.sentence) if found is not None else None


def _verdicts(plan: CutoverPlan, step: Step, known: Sequence[Evidence]) -> list[Verdict]:
    verdicts: list[Verdict] = []
    together: dict[tuple[str, ...], tuple[RouteGroup, list[Evidence]]] = {}
    for each in known:
        group = plan.group(each.name, each.operation)
        if plan.ignores(each.name, each.operation):
            continue
        if group is not None and group.together:
            together.setdefault(group.match, (group, []))[1].append(each)
            continue
        if not each.is_compared and (group is None or not group.bounds):
            continue
        verdicts.append(_verdict(each, plan.bounds_for(group, step)))
    for match, (group, parts) in together.items():
        name = ", ".join(match)
        verdicts.append(_verdict(total(name, parts), plan.bounds_for(group, step)))
    return verdicts


def _verdict(each: Evidence, bounds: Bounds) -> Verdict:
    limit, confidence = bounds.diverged_below_percent / 100, bounds.confidence_percent / 100
    counted = f"{each.compared:,} compared, {each.diverged:,} diverged"
    sure = f"with {bounds.confidence_percent:g} %"
    alike = each.compared - each.diverged
    if each.diverged and 1 - upper_bound(alike, each.compared, confidence) > limit:
        sentence = f"{counted}: not below {bounds.diverged_below_percent:g} %, {sure}"
        return Verdict(each.name, Outcome.BROKEN, sentence)
    ratio, most = each.ratio, bounds.latency_ratio_below
    if most is not None and ratio is not None and ratio.low > most:
        sentence = f"latency ratio {ratio}: not below {most:g}, with 95 %"
        return Verdict(each.name, Outcome.BROKEN, sentence)
    upper = upper_bound(each.diverged, each.compared, confidence) if each.compared else 1.0
    needed = max(bounds.compared, comparisons_for(limit, each.diverged, confidence))
    if each.compared < needed:
        sentence = f"{counted}; {needed:,} are needed for below {bounds.diverged_below_percent:g} %"
        return Verdict(each.name, Outcome.WAITS, sentence)
    if most is not None and (ratio is None or ratio.ratio >= most):
        sentence = f"latency ratio {ratio or 'unknown'}; below {most:g} is needed"
        return Verdict(each.name, Outcome.WAITS, sentence)
    return Verdict(each.name, Outcome.HOLDS, f"{counted}: below {percent(upper)} {sure}")
