"""Shrinks findings one by one, for as long as there are requests and seconds left."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from lockstep.exchange.exchanger import Exchanger, TargetLostError
from lockstep.recordings.uniquify import has_password, unique_members
from lockstep.results.findings import STORY, Finding
from lockstep.results.trace import Exchange
from lockstep.shrink.budget import Budget
from lockstep.shrink.dependencies import Exchanges, needed, without
from lockstep.shrink.oracle import Oracle, Sequence, is_judged
from lockstep.shrink.requests import simpler

# Who does not show the finding at once may show it at the second try.
TRIES = 2

Play = Callable[[Sequence, Exchanges], Sequence | None]


@dataclass(frozen=True, slots=True)
class ShrinkSettings:
    """How much shrinking may cost: `requests` for each finding, `seconds` for all of a run.

    A request counts once, whatever the number of targets. With 0 nothing is shrunk.
    """

    requests: int = 400
    seconds: float = 30.0


class Shrinker:
    """Shrinks the findings of a run; its seconds are shared by all stages.

    First whole steps are left out (delta debugging), then requests lose headers, query parameters
    and members, and their values become smaller, the last request first. A change stays only if the
    same finding shows again on the live targets, with new users and new names. Findings that never
    show again are marked so, and keep what they have.
    """

    def __init__(self, settings: ShrinkSettings) -> None:
        self._settings = settings
        self._budget = Budget(settings.requests, settings.seconds)

    def shrink(self, findings: Iterable[Finding], exchanger: Exchanger, nonce: str = "") -> None:
        """Shrink each finding in place; `nonce` is the text that makes names of users new."""
        rng = random.Random(nonce) if nonce else random.SystemRandom()
        for finding in findings:
            if finding.category == STORY or not is_live(finding, exchanger):
                continue
            self._budget.begin()
            if self._budget.is_spent():
                return
            try:
                with self._budget.running():
                    laboratory = Oracle(exchanger, finding, self._budget, rng)
                    self._shrink(finding, exchanger, laboratory, nonce)
            except TargetLostError:
                # The stage says so itself when it goes on.
                return

    def _shrink(
        self, finding: Finding, exchanger: Exchanger, laboratory: Oracle, nonce: str
    ) -> None:
        best = _shown_again(finding, exchanger, laboratory, nonce)
        if best is None:
            finding.reproduced = False if laboratory.is_conclusive else None
            return
        best = _fewer_steps(best, laboratory.play)
        if is_judged(finding):
            simplified = _simpler_requests(best, laboratory.play)
            if simplified is not best:
                best = _fewer_steps(simplified, laboratory.play)
        finding.reproduced = True
        finding.sequence = list(best.exchanges)
        finding.values = {**finding.values, **laboratory.values(best)}


def _shown_again(
    finding: Finding, exchanger: Exchanger, laboratory: Oracle, nonce: str
) -> Sequence | None:
    """The finding's own sequence, else all that was sent before it, if that shows it again."""
    tries = [finding.sequence] * TRIES + [_history(finding, exchanger)]
    for exchanges in filter(None, tries):
        start = _named(tuple(exchanges), nonce)
        shown = laboratory.play(start, start.exchanges)
        if shown is not None:
            return shown
    return None


def _history(finding: Finding, exchanger: Exchanger) -> list[Exchange]:
    """What was sent lately, with what made it possible."""
    sequences = (exchanger.trace.sequence(each, writes=False) for each in finding.lately)
    every = {each.number: each for sequence in sequences for each in sequence}
    return [every[number] for number in sorted(every)]


def _named(exchanges: Exchanges, nonce: str) -> Sequence:
    """A sequence with the texts that targets take once: the nonce, and names of other users."""
    accounts = [each.request for each in exchanges if has_password(each.request)]
    names = {name for request in accounts for name in unique_members(request)}
    others = tuple(sorted(name for name in names if not nonce or nonce not in name))
    return Sequence(exchanges, (nonce,) if nonce else (), others)


def is_live(finding: Finding, exchanger: Exchanger) -> bool:
    """Whether all that a finding is about can be asked again; a recorded server cannot."""
    names = {target.name for target in exchanger.targets}
    return bool(finding.sequence) and names.issuperset(finding.targets)


def _fewer_steps(best: Sequence, play: Play) -> Sequence:
    """Leave out all that the last request does not need, then chunk after chunk of the rest."""
    shortest = needed(best.exchanges)
    if len(shortest) < len(best.exchanges):
        best = play(best, shortest) or best
    size = max(1, len(best.exchanges) // 2)
    while True:
        at = 0
        while at < len(best.exchanges) - 1:
            kept = without(best.exchanges, at, at + size)
            shorter = play(best, kept) if kept is not None else None
            best, at = (shorter, at) if shorter is not None else (best, at + size)
        if size == 1:
            return best
        size //= 2


def _simpler_requests(best: Sequence, play: Play) -> Sequence:
    """Make the last request as simple as it can be, then those before it, log-ins apart."""
    from_end = 1
    while from_end <= len(best.exchanges):
        if best.exchanges[-from_end].group is None:
            best = _simpler_request(best, play, from_end)
        from_end += 1
    return best


def _simpler_request(best: Sequence, play: Play, from_end: int) -> Sequence:
    """Take the first simpler version that still shows the finding, again and again."""
    tried = set()
    while from_end <= len(best.exchanges):
        at = len(best.exchanges) - from_end
        exchange = best.exchanges[at]
        for request in simpler(exchange.request):
            if request in tried:
                continue
            tried.add(request)
            changed = replace(exchange, request=request)
            shown = play(best, (*best.exchanges[:at], changed, *best.exchanges[at + 1 :]))
            if shown is not None:
                best = shown
                break
        else:
            return best
    return best
