"""Confirms findings by experiments: reproduces, shortens, and compares with similar requests."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from lockstep.confirm.budget import Budget
from lockstep.confirm.dependencies import Exchanges, without
from lockstep.confirm.growth import grew_after, is_beyond_list, written_before
from lockstep.confirm.instability import fails_at_times, has_mirrored, is_chance
from lockstep.confirm.neighbours import Neighbours
from lockstep.confirm.oracle import Oracle, Played, Sequence, is_judged
from lockstep.confirm.reproducer import Reproducer, is_self_contained
from lockstep.confirm.shrinker import fewer_steps, shrunk, simpler_last
from lockstep.confirm.weeks import Weeks
from lockstep.exchange.exchanger import Exchanger, TargetLostError
from lockstep.results.exchange import last_repetition
from lockstep.results.faults import Guard
from lockstep.results.findings import (
    COMPARED,
    CONFORMANCE,
    EFFECTS,
    PARITY,
    Finding,
)
from lockstep.transport.credentials import Identity

# Number of repetitions to detect nondeterministic side effects.
_MOST_AGAIN = 3


@dataclass(slots=True)
class Confirmer:
    """Confirms the findings of a run; all share its seconds.

    A finding that reproduces with new users and resources is `reproduced`, and keeps the shortest
    steps that showed it; one that does not is marked so, and keeps its steps. `nonces` are the
    texts that made user names unique.
    """

    exchanger: Exchanger
    budget: Budget
    nonces: tuple[str, ...] = ()
    identities: Mapping[str, Identity] = field(default_factory=dict)
    # Callback for progress: a description, the number of the current item, and their total.
    progress: Callable[[str, int, int], None] = lambda *_: None
    _rng: random.Random = field(init=False)
    _weeks: Weeks = field(default_factory=Weeks)
    _reproducer: Reproducer = field(init=False)
    _neighbours: Neighbours = field(init=False)
    # All findings before any was dropped.
    _found: list[Finding] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.nonces[0]) if self.nonces else random.SystemRandom()
        self._reproducer = Reproducer(self.exchanger, self._oracle, self.nonces)
        self._neighbours = Neighbours(self.exchanger)

    def confirm(self, groups: list[list[Finding]]) -> list[Finding]:
        """Confirm one finding per group of the same cause; returns those that follow from others.

        All are reproduced first, then shortened, in the order of the groups, as long as there are
        requests and seconds left.
        """
        self._found = self.exchanger.ledger.findings.all()
        following: list[Finding] = []
        shown: list[tuple[Finding, Oracle, Sequence]] = []
        try:
            with self.budget.running():
                for number, group in enumerate(groups, 1):
                    self.progress(f"reproducing: {group[0].operation}", number, len(groups))
                    live = [finding for finding in group if self._is_live(finding)]
                    if live:
                        with self._about(live[0]):
                            follows = self._show(live, shown)
                            following += group if follows else []
                shown.sort(key=lambda each: _order_of_experiments(each[0]))
                for number, (finding, oracle, sequence) in enumerate(shown, 1):
                    self.progress(f"shortening: {finding.operation}", number, len(shown))
                    self.budget.begin()
                    with self._about(finding):
                        self._explain(finding, oracle, sequence)
        except TargetLostError:
            # The stage reports the loss of the target itself.
            return following
        return following

    def _about(self, finding: Finding) -> Guard:
        """Return a guard that leaves the finding as it is after an internal error."""
        what = f"{finding.operation}, {finding.kind}: cannot be reproduced"
        return self.exchanger.ledger.faults.about(what)

    def _show(self, live: list[Finding], shown: list[tuple[Finding, Oracle, Sequence]]) -> bool:
        """Reproduce one of some findings, and add it to `shown`. True if it follows from others."""
        self.budget.begin()
        noise = self.exchanger.ledger.noise
        if all(each.category == EFFECTS for each in live) and all(
            noise.covers(each.operation, each.differences[0]) for each in live
        ):
            # Another finding has revealed it as noise.
            self._drop_noise(live)
            return False
        found = self._reproducer.first_shown(live)
        if found is None:
            return False
        oracle, played = found
        if played.follows is not None and self._depends(oracle, played):
            return True
        if self._is_noise(oracle, played.sequence):
            self._drop_noise(live)
            return False
        self._take(oracle.finding, oracle, played.sequence)
        shown.append((oracle.finding, oracle, played.sequence))
        return False

    def _drop_noise(self, findings: list[Finding]) -> None:
        for finding in findings:
            self.exchanger.ledger.findings.drop(finding, "a target behaves differently each time")

    def _is_noise(self, oracle: Oracle, sequence: Sequence) -> bool:
        """Whether side effects differ when the same steps are repeated, or status codes by chance.

        Only one that was seen both ways round may be chance, or a failure that all targets have.
        """
        finding = oracle.finding
        if finding.category == PARITY:
            record = self.exchanger.ledger.coverage.operations.get(finding.operation)
            seen = record.statuses if record is not None else {}
            may_be = has_mirrored(finding, self._found) or fails_at_times(finding, seen)
            return may_be and is_chance(oracle, sequence)
        if finding.category != EFFECTS:
            return False
        again = (oracle.play(sequence, sequence.exchanges, anew=True) for _ in range(_MOST_AGAIN))
        return any(
            self._differs_from_self(finding, sequence, each.sequence)
            for each in again
            if each is not None
        )

    def _differs_from_self(self, finding: Finding, once: Sequence, again: Sequence) -> bool:
        """Whether a target's side effects at the place of a finding differed the second time."""
        first, second = once.exchanges[-1], again.exchanges[-1]
        texts = zip(again.unique, once.unique, strict=True)
        names = zip(again.names, once.names, strict=True)
        renamed = dict((*texts, *names))
        ledger, noise = self.exchanger.ledger, False
        for name in first.requests.keys() & second.requests.keys():
            own = self.exchanger.effects.differ_from_self(name, first, second, renamed)
            ledger.noise.learn(first.label, name, own)
            noise |= any(one.where == finding.where for one in own)
        return noise

    def _is_live(self, finding: Finding) -> bool:
        """Whether all targets of a finding can be sent requests; recorded ones cannot."""
        names = {target.name for target in self.exchanger.targets}
        judged = finding.category in COMPARED or finding.category == CONFORMANCE
        return judged and bool(finding.sequence) and names.issuperset(finding.targets)

    def _oracle(self, finding: Finding) -> Oracle:
        return Oracle(
            self.exchanger, finding, self.budget, self._rng, self.identities, weeks=self._weeks
        )

    def _depends(self, oracle: Oracle, played: Played) -> bool:
        """Whether a finding only shows after a write that succeeded on one side only."""
        best = fewer_steps(played.sequence, oracle.show)
        again = oracle.play(best, best.exchanges, anew=True)
        if again is not None and again.shown and again.follows is None:
            self._take(oracle.finding, oracle, again.sequence)
            return False
        return True

    def _explain(self, finding: Finding, oracle: Oracle, sequence: Sequence) -> None:
        """Shorten the steps, and find the most similar steps without the difference."""
        if is_self_contained(finding, sequence.exchanges):
            best = shrunk(sequence, partial(_show_alone, oracle), simplify=is_judged(finding))
        else:
            # Every step may be needed if nothing else creates the elements of the list.
            best = simpler_last(sequence, partial(_show_counted, oracle))
        self.budget.begin()
        counts = finding.signature.how == "count"
        again = oracle.play(best, best.exchanges, anew=True, to_the_end=counts)
        if again is None or not again.shown:
            # Leftovers of a session helped, so the original steps remain the evidence.
            return
        best = again.sequence
        self._take(finding, oracle, best)
        if finding.category == PARITY and finding.signature.kind != "outcome":
            self._neighbours.compare(finding, oracle, best)
        grown = grew_after(best.exchanges, finding.where) if counts else ""
        written = grown or written_before(finding, best.exchanges)
        finding.effect_of = written or self._sent_again(finding, oracle, best)

    def _sent_again(self, finding: Finding, oracle: Oracle, best: Sequence) -> str:
        """Return the label of a repeated write without which a read does not show the finding."""
        at = last_repetition(best.exchanges) if finding.category == PARITY else None
        once = without(best.exchanges, at, at + 1) if at is not None else None
        played = oracle.play(best, once, anew=True) if once is not None else None
        if at is None or played is None or played.shown:
            return ""
        return best.exchanges[at].label

    def _take(self, finding: Finding, oracle: Oracle, sequence: Sequence) -> None:
        finding.reproduced = True
        finding.sequence = list(sequence.exchanges)
        finding.values = {**finding.values, **oracle.values(sequence)}
        if finding.category in COMPARED and is_judged(finding):
            found = oracle.observation(sequence.exchanges[-1])
            if found is not None:
                first = found.differences[0]
                finding.kind, finding.where = first.kind, first.where
                finding.differences = found.differences


def _order_of_experiments(finding: Finding) -> tuple[bool, bool]:
    """Return a sort key: differences before broken rules, and what is refused before the rest.

    A list of errors may be the consequence of what is refused, never the reverse.
    """
    return finding.category == CONFORMANCE, finding.signature.kind != "status"


def _show_alone(oracle: Oracle, origin: Sequence, exchanges: Exchanges) -> Sequence | None:
    found = oracle.show(origin, exchanges)
    alone = found is not None and is_self_contained(oracle.finding, found.exchanges)
    return found if alone else None


def _show_counted(oracle: Oracle, origin: Sequence, exchanges: Exchanges) -> Sequence | None:
    found = oracle.show(origin, exchanges)
    counts = found is not None and oracle.finding.signature.how == "count"
    return None if found is None or (counts and not is_beyond_list(found.exchanges)) else found
