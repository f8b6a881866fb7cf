"""Races of any document: two equal requests at once, of which only one has an effect in sequence.

The second one is refused, or is a retry with the idempotency key of the first one. Whether
something is still free, open or unused, and taking it, are two steps; a server that lets another
request in between them accepts both (CWE-367, a time-of-check time-of-use race).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from lockstep.auth.actors import ActorError
from lockstep.drivers.probes.trial import Trial
from lockstep.drivers.races.driver import JOIN, RaceResult, fisher_exact, label
from lockstep.drivers.walk.maker import Maker, succeeded
from lockstep.drivers.walk.parameters import Declared
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.openapi.naming import is_idempotency_key
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import SAFE_METHODS
from lockstep.results.findings import BY_CHANCE, RACE
from lockstep.transport.messages import Outcome, Request, Response, status_of

# Rounds of a race that no target loses, and of one that some lose and others do not.
_ROUNDS, _ALL_ROUNDS = 4, 20
_COPIES = 2
_SIGNIFICANCE = 0.05
_TOO_MANY = 429
# Limits the time spent on slow servers.
MOST_SECONDS = 30.0


def race_repeats(maker: Maker, known: Collection[str]) -> Iterator[RaceResult]:
    """Race each write that has no effect the second time on all targets; yields what was raced.

    `known` are the names of races that were judged already. A race that only some targets lose is a
    finding of each of them. Raises `ActorError` and `TargetLostError`.
    """
    client = maker.client
    if client.actors is not None:
        client.actors.forget_all()
    client.known.forget()
    ending = time.monotonic() + MOST_SECONDS
    for operation in client.document.operations.values():
        owned = client.exchanger.ledger.share.owns(operation.name)
        # Deleting twice at once leaves what deleting once leaves.
        if operation.method in {*SAFE_METHODS, "DELETE"} or not owned or changes_state(operation):
            continue
        trial = Trial(maker, operation)
        key = _key_of(trial)
        name = f"{operation.name}: {f'one {key.name}' if key else 'the same request'}, twice"
        if name in known:
            continue
        if time.monotonic() > ending:
            maker.left_out.append("races: some were left out for lack of time")
            return
        client.doing = f"racing {operation.name}"
        with client.exchanger.ledger.faults.about(f"the race {name}: not judged"):
            race = _Repeats(trial, operation, name, key)
            if race.has_one_winner_in_sequence():
                yield race.run()


def _key_of(trial: Trial) -> Declared | None:
    """Return the header parameter for an idempotency key, if there is one."""
    headers = (
        each for each in trial.maker.client.parameters(trial.operation) if each.location == "header"
    )
    return next((each for each in headers if is_idempotency_key(each.name)), None)


@dataclass(slots=True)
class _Repeats:
    """The rounds of one race, on all targets at the same time."""

    trial: Trial
    operation: Operation
    name: str
    key: Declared | None
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
        if self.key is not None:
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
        targets = [*self._outcomes]
        lost = [self._lost[name] for name in targets]
        if min(lost, default=0) > 0:
            result.notes.append(
                f"{self.name}: on all targets both requests have an effect at times"
            )
        elif any(lost):
            is_chance = fisher_exact(max(lost), 0, rounds) >= _SIGNIFICANCE
            kind = BY_CHANCE if is_chance else "impossible"
            result.impossible += self._findings(rounds, kind)
        return result

    def _fresh(self) -> Request:
        """Return a request for new resources, so that nothing has used them up."""
        trial = self.trial
        for _ in trial.maker.renew_referred(self.operation, trial.actor):
            pass
        key = {self.key.name: trial.maker.client.key(self.key)} if self.key is not None else None
        return trial.request(values=trial.values(fresh=True), headers=key)

    def _round(self, number: int) -> None:
        client = self.trial.maker.client
        request = self._fresh()
        if self.trial.actor:
            request = client.signed(self.operation, request, self.trial.actor)
        requests, rows = client.exchanger.ask_together(request, _COPIES, first=number)
        for target, sent in requests.items():
            outcomes = [row[target] for row in rows]
            labels = sorted(label(outcome) for outcome in outcomes)
            self._outcomes.setdefault(target, Counter())[JOIN.join(labels)] += 1
            if _winners(outcomes, distinct=self.key is not None) > 1:
                self._lost[target] += 1
                self._example.setdefault(target, (request, sent, outcomes[-1]))

    def _findings(self, rounds: int, kind: str) -> Iterator[str]:
        exchanger = self.trial.maker.client.exchanger
        for target, times in self._lost.items():
            request, sent, outcome = self._example[target]
            text = f"both of two equal requests have an effect, in {times} of {rounds} rounds"
            exchange = exchanger.record(request, {target: sent}, {target: outcome}, at_once=True)
            if exchanger.ledger.findings.add_violation(
                exchange, kind, self.name, {target: text}, exchanger.trace, category=RACE
            ):
                yield f"{target}: {text}"


def _winners(outcomes: Sequence[Outcome], *, distinct: bool) -> int:
    """Return the number of successful responses, those with different bodies if `distinct`."""
    answers = [one for one in outcomes if isinstance(one, Response) and one.status < 300]
    return len({one.body for one in answers}) if distinct else len(answers)
