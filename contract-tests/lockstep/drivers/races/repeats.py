"""Races of any document: two equal requests at once, of which only one has an effect in sequence.

The second one is refused, or is a retry with the idempotency key of the first one. Whether
something is still free, open or unused, and taking it, are two steps; a server that lets another
request in between them accepts both (CWE-367, a time-of-check time-of-use race).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from lockstep.auth.actors import ActorError
from lockstep.drivers.probes.trial import Trial, begin_anew
from lockstep.drivers.races.driver import JOIN, RaceResult, label, may_be_chance, reported
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.results.exchange import SAFE_METHODS
from lockstep.results.findings import BY_CHANCE
from lockstep.transport.messages import Outcome, Request, Response, status_of

# Rounds of a race that no target loses, and of one that some lose and others do not.
_ROUNDS, _ALL_ROUNDS = 4, 20
_COPIES = 2
_TOO_MANY = 429
# Limits the time spent on slow servers.
MOST_SECONDS = 30.0


def race_repeats(
    maker: Maker, known: Collection[str], left_out: Callable[[str], None]
) -> Iterator[RaceResult]:
    """Race each write that has no effect the second time on all targets; yields what was raced.

    `known` are the names of races that were judged already; `left_out` is called with a sentence on
    those that are skipped. A race that only some targets lose is a
    finding of each of them. Raises `ActorError` and `TargetLostError`.
    """
    client = maker.client
    begin_anew(maker)
    ending = time.monotonic() + MOST_SECONDS
    for operation in client.document.operations.values():
        owned = client.exchanger.ledger.share.owns(operation.name)
        # Deleting twice at once leaves what deleting once leaves.
        if operation.method in {*SAFE_METHODS, "DELETE"} or not owned or changes_state(operation):
            continue
        trial = Trial(maker, operation)
        what = f"one {trial.key.name}" if trial.key is not None else "the same request"
        name = f"{operation.name}: {what}, twice"
        if name in known:
            continue
        if time.monotonic() > ending:
            left_out("races of repeats: some were left out for lack of time")
            return
        client.doing = f"racing {operation.name}"
        with client.exchanger.ledger.faults.about(f"the race {name}: not judged"):
            race = _Repeats(trial, name)
            if race.has_one_winner_in_sequence():
                yield race.run()


@dataclass(slots=True)
class _Repeats:
    """The rounds of one race, on all targets at the same time."""

    trial: Trial
    name: str
    _outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    # The rounds with several winners, by target, and the first of them.
    _lost: Counter[str] = field(default_factory=Counter)
    _example: dict[str, tuple[Request, Request, Outcome]] = field(default_factory=dict)

    def has_one_winner_in_sequence(self) -> bool:
        """Whether a request succeeds on all targets, and has no effect if it is repeated."""
        if self.trial.spares_user:
            return False
        try:
            request = self._fresh()
            first = self.trial.send(request)
            if not succeeded(first) or first.parted:
                return False
            again = self.trial.send(request)
        except ActorError:
            return False
        if self.trial.key is not None:
            pairs = [[each.outcomes[name] for each in (first, again)] for name in again.outcomes]
            return all(_winners(pair, distinct=True) == 1 for pair in pairs)
        statuses = [status_of(outcome) or 599 for outcome in again.outcomes.values()]
        return all(400 <= status < 500 and status != _TOO_MANY for status in statuses)

    def run(self) -> RaceResult:
        """Run all rounds, and record a finding for each target that alone lost some."""
        rounds = 0
        while rounds < (_ALL_ROUNDS if self._lost else _ROUNDS):
            self._round(rounds)
            rounds += 1
        result = RaceResult(self.name, rounds, self._outcomes)
        lost = [self._lost[name] for name in self._outcomes]
        if min(lost) > 0:
            result.notes.append(
                f"{self.name}: on all targets both requests have an effect at times"
            )
        elif any(lost):
            kind = BY_CHANCE if may_be_chance(lost, rounds) else "impossible"
            result.impossible += self._findings(rounds, kind)
        return result

    def _fresh(self) -> Request:
        """Return a request for new resources, so that nothing has used them up."""
        trial = self.trial
        for _ in trial.maker.renew_referred(trial.operation, trial.actor):
            pass
        key = {trial.key.name: trial.maker.client.key(trial.key)} if trial.key is not None else None
        return trial.request(values=trial.values(fresh=True), headers=key)

    def _round(self, number: int) -> None:
        exchanger = self.trial.maker.client.exchanger
        request = self.trial.signed(self._fresh(), self.trial.actor)
        requests, rows = exchanger.ask_together(request, _COPIES, first=number)
        for target, sent in requests.items():
            outcomes = [row[target] for row in rows]
            labels = sorted(label(outcome) for outcome in outcomes)
            self._outcomes.setdefault(target, Counter())[JOIN.join(labels)] += 1
            if _winners(outcomes, distinct=self.trial.key is not None) > 1:
                self._lost[target] += 1
                self._example.setdefault(target, (request, sent, outcomes[-1]))

    def _findings(self, rounds: int, kind: str) -> Iterator[str]:
        exchanger = self.trial.maker.client.exchanger
        for target, times in self._lost.items():
            request, sent, outcome = self._example[target]
            text = f"both of two equal requests have an effect, in {times} of {rounds} rounds"
            exchange = exchanger.record(request, {target: sent}, {target: outcome}, at_once=True)
            yield from reported(exchanger, exchange, kind, self.name, text)


def _winners(outcomes: Sequence[Outcome], *, distinct: bool) -> int:
    """Return the number of successful responses, those with different bodies if `distinct`."""
    answers = [one for one in outcomes if isinstance(one, Response) and one.status < 300]
    return len({one.body for one in answers}) if distinct else len(answers)
