"""Races of any document: two equal requests at once, of which only one has an effect in sequence.

The second one is refused, or is a retry with the idempotency key of the first one. Whether
something is still free, open, unused or unchanged, and taking it, are two steps; a server that lets
another request in between them accepts both (CWE-367, a time-of-check time-of-use race). With
`If-Match` that is a lost update (RFC 9110, 13.1.1). Two users race for what each may have once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from lockstep.auth.actors import ActorError
from lockstep.drivers.probes.trial import Trial, begin_anew
from lockstep.drivers.races.driver import IMPOSSIBLE, JOIN, RaceResult, label, reported
from lockstep.drivers.races.significance import may_be_chance
from lockstep.drivers.walk.limits import Limits
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.outcomes import conflicts, succeeded
from lockstep.drivers.walk.parameters import Declared
from lockstep.drivers.walk.reader import Reader
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.openapi.naming import is_idempotency_key
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import SAFE_METHODS
from lockstep.results.findings import BY_CHANCE
from lockstep.transport.messages import Outcome, Request, Response, status_of

# Rounds of a race that no target loses, depending on the number of operations.
_LEAST_ROUNDS, _ROUNDS, _ROUNDS_IN_ALL = 4, 10, 200
# Rounds of a race that some lose and others do not; repeated while that may be chance.
_LOST_ROUNDS, _TIMES = 20, 4
_CONFLICT, _TOO_MANY = 409, 429
# The statuses of another user's request that is not refused for coming second.
_NOT_LATE = frozenset({401, 403, 404, _TOO_MANY})
_IF_MATCH = "if-match"
# Limits the time spent on slow servers.
MOST_SECONDS = 45.0


def race_repeats(maker: Maker, left_out: Callable[[str], None]) -> Iterator[RaceResult]:
    """Race each write that has no effect the second time on all targets; yields what was raced.

    `left_out` is called with a sentence on those that are skipped. A race that only some targets
    lose is a finding of each of them; one that all lose is a finding only if the document or the
    RFC promises a single winner. Raises `ActorError` and `TargetLostError`.
    """
    client = maker.client
    begin_anew(maker)
    ending = time.monotonic() + MOST_SECONDS
    operations = [each for each in client.document.operations.values() if _is_raced(maker, each)]
    rounds = max(_LEAST_ROUNDS, min(_ROUNDS, _ROUNDS_IN_ALL // max(1, len(operations))))
    for operation in operations:
        client.doing = f"racing {operation.name}"
        with client.exchanger.ledger.faults.about(f"races of {operation.name}: not judged"):
            for race in _races(maker, operation, rounds):
                if time.monotonic() > ending:
                    left_out("races of repeats: some were left out for lack of time")
                    return
                yield race.run()


def _races(maker: Maker, operation: Operation, rounds: int) -> Iterator[_Repeats]:
    """Yield the races of an operation that have one winner in sequence."""
    client, trial = maker.client, Trial(maker, operation)
    headers = _headers(maker, operation)
    for header in headers:
        race = _Repeats(trial, rounds, header.name)
        if race.has_one_winner_in_sequence():
            yield race
    plain = _Repeats(trial, rounds)
    is_keyed = any(header.required for header in headers)
    if not is_keyed and operation.name in maker.limited:
        last = _Repeats(trial, rounds, limits=Limits(maker, Reader(maker)))
        if last.has_one_winner_in_sequence():
            yield last
    if not is_keyed and plain.has_one_winner_in_sequence():
        yield plain
    if client.other != client.mine and (is_keyed or plain.uses_up_users):
        # What a user may have once, and what can be had once, are two checks.
        rivals = _Repeats(trial, rounds, rival=client.other)
        if rivals.has_one_winner_in_sequence():
            yield rivals


def _is_raced(maker: Maker, operation: Operation) -> bool:
    # Deleting twice at once leaves what deleting once leaves.
    writes = operation.method not in {*SAFE_METHODS, "DELETE"} and not changes_state(operation)
    return writes and maker.client.exchanger.ledger.share.owns(operation.name)


def _headers(maker: Maker, operation: Operation) -> list[Declared]:
    """Return the headers that allow a single effect."""
    return [
        each
        for each in maker.client.parameters(operation)
        if each.location == "header" and (is_idempotency_key(each.name) or _is_condition(each.name))
    ]


def _is_condition(header: str) -> bool:
    return header.lower() == _IF_MATCH


@dataclass(slots=True)
class _Repeats:
    """The rounds of one race, on all targets at the same time.

    header: allows a single effect, such as an idempotency key; empty for a request without. rival:
    the user of the second request; empty if both are the same user's. limits: how to take all that
    is left, if each request does. uses_up_users: whether who has won cannot win again, as one who
    rides a bike.
    """

    trial: Trial
    rounds: int
    header: str = ""
    rival: str = ""
    limits: Limits | None = None
    uses_up_users: bool = False
    # Whether nobody has won the last round, as one who has made five bookings.
    _is_void: bool = False
    _outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    # The rounds with several winners, by target, and the first of them.
    _lost: Counter[str] = field(default_factory=Counter)
    _example: dict[str, list[tuple[Request, Request, Outcome]]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The operation, and what is sent twice."""
        what = f"one {self.header}" if self.header else "the same request"
        what = "all that is left" if self.limits else what
        return f"{self.trial.operation.name}: {what}, {'by two users' if self.rival else 'twice'}"

    def has_one_winner_in_sequence(self) -> bool:
        """Whether a request succeeds on all targets, and has no effect if it is repeated."""
        if self.trial.spares_user:
            return False
        try:
            if self.rival:
                begin_anew(self.trial.maker)
            request = self._fresh()
            if request is None:
                return False
            first = self.trial.send(request)
            if conflicts(first) and self.trial.renews_users():
                request = self._fresh() or request
                first = self.trial.send(request)
            if not succeeded(first) or first.parted:
                return False
            again = self.trial.send(request, actor=self.rival or self.trial.actor)
            if self.header or not succeeded(again):
                self.uses_up_users = bool(self.rival) or not self._is_allowed_again()
        except ActorError:
            return False
        if self._is_keyed:
            pairs = [[each.outcomes[name] for each in (first, again)] for name in again.outcomes]
            return all(_winners(pair, distinct=True) == 1 for pair in pairs)
        statuses = [status_of(outcome) or 599 for outcome in again.outcomes.values()]
        of_others = _NOT_LATE if self.rival else {_TOO_MANY}
        return all(400 <= status < 500 and status not in of_others for status in statuses)

    def _is_allowed_again(self) -> bool:
        """Whether the winner can do the same to another resource."""
        request = self._fresh()
        return request is None or not conflicts(self.trial.send(request))

    @property
    def _is_keyed(self) -> bool:
        return bool(self.header) and not _is_condition(self.header)

    @property
    def _is_promised(self) -> bool:
        """Whether a second effect violates the document or the meaning of the header."""
        return bool(self.header) or 409 in self.trial.operation.statuses

    def run(self) -> RaceResult:
        """Run all rounds; record a finding for each target that lost some, if that is forbidden."""
        rounds = 0
        while rounds < self._wanted(rounds):
            self._round(rounds)
            rounds += 1
        result = RaceResult(self.name, rounds, self._outcomes)
        if self._is_lost_by_all and not self._is_promised:
            result.notes.append(
                f"{self.name}: on all targets both requests have an effect at times"
            )
        elif self._lost:
            kind = BY_CHANCE if self._may_be_chance(rounds) else IMPOSSIBLE
            result.impossible += self._findings(rounds, kind)
        return result

    def _wanted(self, rounds: int) -> int:
        """Return the number of rounds to run in all, after some."""
        if not self._lost or self._is_lost_by_all:
            return self.rounds
        may_be_chance = rounds >= _LOST_ROUNDS and self._may_be_chance(rounds)
        return _LOST_ROUNDS * (_TIMES if may_be_chance else 1)

    @property
    def _is_lost_by_all(self) -> bool:
        return bool(self._outcomes) and all(self._lost[name] for name in self._outcomes)

    def _may_be_chance(self, rounds: int) -> bool:
        return may_be_chance([self._lost[name] for name in self._outcomes], rounds)

    def _fresh(self) -> Request | None:
        """Return a request for new resources, so that nothing has used them up.

        None if it needs the tag of a representation that has none.
        """
        trial = self.trial
        if self.limits is not None:
            found = self.limits.all_of_it(trial.operation)
            if found is None:
                return None
            trial.use(found[0])
            return trial.request(found[1], found[0])
        trial.refer_to_new()
        values = trial.values(fresh=True)
        trial.maker.offers.renew(trial.operation, values or {}, trial.actor)
        if not self.header:
            return trial.request(values=values)
        text = trial.tag(values) if _is_condition(self.header) else self._key()
        return trial.request(values=values, headers={self.header: text}) if text else None

    def _key(self) -> str:
        key = self.trial.key
        return self.trial.maker.client.key(key) if key is not None else ""

    def _round(self, number: int) -> None:
        client, own = self.trial.maker.client, self.trial.actor
        if self.uses_up_users or self._is_void:
            begin_anew(self.trial.maker)
        request = self._fresh()
        if request is None:
            return
        exchanger = client.exchanger
        together = [self.trial.signed(request, who) for who in (own, self.rival or own)]
        requests, rows = exchanger.ask_together(together, first=number)
        client.known.offered.notice(request, next(iter(rows[0].values())))
        every = [status_of(outcome) for row in rows for outcome in row.values()]
        self._is_void = all(status == _CONFLICT for status in every)
        for target in rows[0]:
            sent = [each[target] for each in requests]
            outcomes = [row[target] for row in rows]
            labels = sorted(label(outcome) for outcome in outcomes)
            self._outcomes.setdefault(target, Counter())[JOIN.join(labels)] += 1
            if _winners(outcomes, distinct=self._is_keyed) > 1:
                self._lost[target] += 1
                self._example.setdefault(target, list(zip(together, sent, outcomes, strict=True)))

    def _findings(self, rounds: int, kind: str) -> Iterator[str]:
        exchanger = self.trial.maker.client.exchanger
        for target, times in self._lost.items():
            text = f"both of two equal requests have an effect, in {times} of {rounds} rounds"
            together = [
                exchanger.record(request, {target: sent}, {target: outcome}, at_once=True)
                for request, sent, outcome in self._example[target]
            ]
            yield from reported(exchanger, together, kind, self.name, text)


def _winners(outcomes: Sequence[Outcome], *, distinct: bool) -> int:
    """Return the number of successful responses, those with different bodies if `distinct`."""
    answers = [one for one in outcomes if isinstance(one, Response) and one.status < 300]
    return len({one.body for one in answers}) if distinct else len(answers)
