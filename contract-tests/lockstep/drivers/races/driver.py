"""Runs races on each target separately, and compares the outcomes with the possible ones."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lockstep.auth.actors import ActorBook
from lockstep.drivers.races.files import ANSWERS, Race, Step
from lockstep.drivers.stories.expectations import faults, statuses
from lockstep.drivers.stories.files import Story, StoryError
from lockstep.drivers.stories.player import StoryPlayer, save
from lockstep.drivers.stories.values import fill
from lockstep.drivers.traps.normalize import masked
from lockstep.exchange.exchanger import Exchanger
from lockstep.results.exchange import Exchange
from lockstep.results.findings import BY_CHANCE, RACE
from lockstep.transport.messages import NoResponse, Outcome, Response

JOIN = " + "
# A drawn name may be taken, so that no sequential request wins: then retry.
_SEQUENTIAL = 5
# Maximum number of repetitions of an inferred race, while its result may be due to chance.
_TIMES = 4
_SIGNIFICANCE = 0.05


@dataclass(slots=True)
class RaceResult:
    """The result of a race.

    `outcomes` counts each combination of responses, such as `201 + 409`, by target. `impossible`
    has sentences on outcomes that must not occur but did; `notes` on those seen on some targets
    only.
    """

    name: str
    rounds: int
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    impossible: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def has_winners(self) -> bool:
        """Whether any request was successful, so that the race was judged."""
        seen = (
            part
            for counts in self.outcomes.values()
            for each in counts
            for part in each.split(JOIN)
        )
        return any(part.startswith("2") for part in seen)


def run_race(
    race: Race, lanes: Sequence[tuple[Exchanger, ActorBook]], tick: Callable[[str], None]
) -> RaceResult:
    """Run all rounds on each target; `lanes` are exchangers of one target, with their actors.

    Outcomes that must not occur are recorded as findings in the exchanger's ledger. An inferred
    race that some targets lost and others did not is not significant if it was lost so rarely that
    it may be chance. `tick` is called with the name at each round. Raises `StoryError` if a round
    cannot be set up, `ActorError`, `TargetLostError`.
    """
    result = RaceResult(race.name, race.rounds)
    runners = [_Runner(race, exchanger, actors) for exchanger, actors in lanes]
    for runner in runners:
        runner.run(tick)
    for _ in range(_TIMES - 1):
        if not _may_be_chance(race, runners):
            break
        for runner in runners:
            runner.run(lambda _: None)
    kind = BY_CHANCE if _may_be_chance(race, runners) else "impossible"
    result.rounds = runners[0].rounds
    for runner in runners:
        result.outcomes[runner.name] = runner.seen
        result.impossible += runner.report(kind)
        result.notes += runner.unjudged()
    result.notes += _one_sided(result)
    return result


class _Runner:
    """One race on one target."""

    def __init__(self, race: Race, exchanger: Exchanger, actors: ActorBook) -> None:
        self.name = exchanger.targets[0].name
        self._race = race
        self._exchanger = exchanger
        self._actors = actors
        self._story = Story(race.name, race.about, (), race.actors)
        self._player = StoryPlayer(exchanger, actors, {})
        self.rounds = 0
        self.seen: Counter[str] = Counter()
        self._winners: int | None = None
        self._wrong: Counter[str] = Counter()
        self._example: dict[str, Exchange] = {}

    @property
    def lost(self) -> int:
        """The number of rounds with an outcome that must not occur."""
        return self._wrong.total()

    def run(self, tick: Callable[[str], None]) -> None:
        """Run all rounds; a further call runs as many again."""
        self._actors.forget_all()
        if not self._race.possible and self._winners is None:
            self._winners = self._one_after_the_other()
        self.rounds += self._race.rounds
        for number in range(self._race.rounds):
            values = self._set_up()
            requests = [
                self._player.request(self._story, step, values) for step in self._race.together
            ]
            exchanges = self._exchanger.send_together(requests, first=number)
            parts = [label(exchange.leader) for exchange in exchanges]
            outcome = JOIN.join(sorted(parts) if self._race.is_even else parts)
            self.seen[outcome] += 1
            self._judge(parts, outcome, exchanges)
            self._look_after(outcome, values)
            tick(self._race.name)

    def report(self, kind: str) -> Iterator[str]:
        """Record impossible outcomes as findings, and yield their sentences."""
        for what, times in self._wrong.items():
            text = f"{what}, in {times} of {self.rounds} rounds"
            exchange = self._example[what]
            yield from reported(self._exchanger, exchange, kind, self._race.name, text)

    def unjudged(self) -> Iterator[str]:
        """Yield a sentence if an inferred race was inconclusive."""
        if self._winners in (0, len(self._race.together)):
            outcome = "all succeed" if self._winners else "none succeeds"
            yield f"on {self.name} {outcome} sequentially too, so the race was not judged"

    def _judge(self, parts: Sequence[str], outcome: str, exchanges: Sequence[Exchange]) -> None:
        if self._race.possible:
            if not self._race.allows(parts):
                self._note(outcome, exchanges[-1])
            return
        winners = self._count(exchanges)
        # Where none wins sequentially, the requests may be refused for another reason.
        if self._winners and winners > self._winners:
            self._note(f"{winners} winner{'s' * (winners > 1)} ({outcome})", exchanges[-1])

    def _note(self, what: str, exchange: Exchange) -> None:
        self._wrong[what] += 1
        self._example.setdefault(what, exchange)

    def _count(self, exchanges: Sequence[Exchange]) -> int:
        answers = [
            exchange.leader
            for exchange in exchanges
            if isinstance(exchange.leader, Response) and exchange.leader.status < 300
        ]
        return len(answers) if self._race.winners == ANSWERS else len({one.body for one in answers})

    def _one_after_the_other(self) -> int:
        """Return the number of winners when the requests are sequential."""
        steps = self._race.together
        for _ in range(_SEQUENTIAL):
            values = self._set_up()
            winners = self._count([self._send(step, values, frozenset()) for step in steps])
            if winners:
                return winners
        return 0

    def _set_up(self) -> dict[str, Any]:
        values: dict[str, Any] = {"unique": self._actors.unique()}
        for name in self._race.actors:
            values[name] = self._actors.get(name).facts
        for number, step in enumerate(self._race.setup, 1):
            exchange, problems = self._expect(step, values)
            if problems:
                raise StoryError(f"{self._race.name}, set-up {number}: {'; '.join(problems)}")
            save(step, exchange.leader, values)
        return values

    def _look_after(self, outcome: str, values: dict[str, Any]) -> None:
        for number, step in enumerate(self._race.then, 1):
            exchange, problems = self._expect(step, values)
            if problems:
                text = f"after {outcome}, step {number}: {'; '.join(problems)}"
                # The same text for all rounds.
                self._note(masked(text.replace(values["unique"], "${unique}")), exchange)
                return
            save(step, exchange.leader, values)

    def _expect(self, step: Step, values: Mapping[str, Any]) -> tuple[Exchange, list[str]]:
        expected = fill(step["expect"], values)
        exchange = self._send(step, values, statuses(expected))
        return exchange, list(faults(expected, exchange.leader))

    def _send(self, step: Step, values: Mapping[str, Any], expected: frozenset[int]) -> Exchange:
        request = self._player.request(self._story, step, values)
        return self._exchanger.send(request, expected=expected)


def label(outcome: Outcome) -> str:
    """Return `201`, `409 email_taken` for a problem with a code, or why there was no response."""
    if isinstance(outcome, NoResponse):
        return outcome.reason
    code = None
    if outcome.status >= 400 and "json" in (outcome.media_type or ""):
        try:
            body = json.loads(outcome.body)
        except ValueError:
            return str(outcome.status)
        code = body.get("code") if isinstance(body, dict) else None
    return f"{outcome.status} {code}" if isinstance(code, str) else str(outcome.status)


def _may_be_chance(race: Race, runners: Sequence[_Runner]) -> bool:
    """Whether some targets lost an inferred race and others did not, without significance."""
    lost = [runner.lost for runner in runners]
    return not race.possible and may_be_chance(lost, runners[0].rounds)


def may_be_chance(lost: Sequence[int], rounds: int) -> bool:
    """Whether some targets lost rounds and others did not, without significance."""
    most, least = max(lost), min(lost)
    if most == 0 or least > 0:
        return False
    return fisher_exact(most, least, rounds) >= _SIGNIFICANCE


def reported(
    exchanger: Exchanger, exchange: Exchange, kind: str, race: str, text: str
) -> Iterator[str]:
    """Record a finding of the target of an exchange, and yield it with the name of the target."""
    (target,) = exchange.outcomes
    if exchanger.ledger.findings.add_violation(
        exchange, kind, race, {target: text}, exchanger.trace, category=RACE
    ):
        yield f"{target}: {text}"


def fisher_exact(more: int, fewer: int, rounds: int) -> float:
    """Return the two-sided p-value of Fisher's exact test, for two counts out of `rounds` each."""
    lost = more + fewer
    apart = sum(
        math.comb(rounds, one) * math.comb(rounds, lost - one)
        for one in range(more, min(lost, rounds) + 1)
    )
    return min(1.0, 2 * apart / math.comb(2 * rounds, lost))


def _one_sided(result: RaceResult) -> Iterator[str]:
    """Yield sentences on outcomes seen on some targets only, with the statistical power."""
    every = {outcome: None for counts in result.outcomes.values() for outcome in counts}
    for outcome in every:
        without = [name for name, counts in result.outcomes.items() if not counts[outcome]]
        shown = [
            f"{name} {counts[outcome]}"
            for name, counts in result.outcomes.items()
            if counts[outcome]
        ]
        if without:
            # The rate of an outcome that would still stay unseen in one of twenty such runs.
            share = 1 - 0.05 ** (1 / result.rounds)
            yield (
                f"{outcome}: {', '.join(shown)} of {result.rounds} rounds, {', '.join(without)} "
                f"never; it may still occur there in up to {share:.0%} of rounds"
            )
