"""Runs races on each target separately, and compares the outcomes with the possible ones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lockstep.auth.actors import ActorBook
from lockstep.drivers.races.files import Race, Step
from lockstep.drivers.stories.expectations import faults, statuses
from lockstep.drivers.stories.files import Story, StoryError
from lockstep.drivers.stories.player import StoryPlayer, save
from lockstep.drivers.stories.values import fill
from lockstep.drivers.traps.normalize import masked
from lockstep.exchange.exchanger import Exchanger
from lockstep.results.exchange import Exchange
from lockstep.results.findings import RACE
from lockstep.transport.messages import NoResponse, Outcome

JOIN = " + "
# The kind of a finding: an outcome that must not occur.
IMPOSSIBLE = "impossible"


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


def run_race(
    race: Race, lanes: Sequence[tuple[Exchanger, ActorBook]], tick: Callable[[str], None]
) -> RaceResult:
    """Run all rounds on each target; `lanes` are exchangers of one target, with their actors.

    Outcomes that must not occur are recorded as findings in the exchanger's ledger. `tick` is
    called with the name at each round. Raises `StoryError` if a round cannot be set up,
    `ActorError`, `TargetLostError`.
    """
    result = RaceResult(race.name, race.rounds)
    runners = [_Runner(race, exchanger, actors) for exchanger, actors in lanes]
    for runner in runners:
        runner.run(tick)
    for runner in runners:
        result.outcomes[runner.name] = runner.seen
        result.impossible += runner.report()
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
        self.seen: Counter[str] = Counter()
        self._wrong: Counter[str] = Counter()
        self._example: dict[str, Sequence[Exchange]] = {}

    def run(self, tick: Callable[[str], None]) -> None:
        """Run all rounds."""
        self._actors.forget_all()
        for number in range(self._race.rounds):
            values = self._set_up()
            requests = [
                self._player.request(self._story, step, values) for step in self._race.together
            ]
            exchanges = self._exchanger.send_together(requests, first=number)
            parts = [label(exchange.leader) for exchange in exchanges]
            outcome = JOIN.join(sorted(parts) if self._race.is_even else parts)
            self.seen[outcome] += 1
            if not self._race.allows(parts):
                self._note(outcome, exchanges)
            self._look_after(outcome, values, exchanges)
            tick(self._race.name)

    def report(self) -> Iterator[str]:
        """Record impossible outcomes as findings, and yield their sentences."""
        for what, times in self._wrong.items():
            text = f"{what}, in {times} of {self._race.rounds} rounds"
            together = self._example[what]
            yield from reported(self._exchanger, together, IMPOSSIBLE, self._race.name, text)

    def _note(self, what: str, exchanges: Sequence[Exchange]) -> None:
        self._wrong[what] += 1
        self._example.setdefault(what, exchanges)

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

    def _look_after(
        self, outcome: str, values: dict[str, Any], together: Sequence[Exchange]
    ) -> None:
        for number, step in enumerate(self._race.then, 1):
            exchange, problems = self._expect(step, values)
            if problems:
                text = f"after {outcome}, step {number}: {'; '.join(problems)}"
                # The same text for all rounds.
                self._note(
                    masked(text.replace(values["unique"], "${unique}")), [*together, exchange]
                )
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


def reported(
    exchanger: Exchanger, together: Sequence[Exchange], kind: str, race: str, text: str
) -> Iterator[str]:
    """Record a finding of the target of a round, and yield it with the name of the target."""
    trace, last = exchanger.trace, together[-1]
    (target,) = last.outcomes
    if exchanger.ledger.findings.add_violation(
        last, kind, race, {target: text}, trace, category=RACE, steps=trace.steps(together)
    ):
        yield f"{target}: {text}"


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
