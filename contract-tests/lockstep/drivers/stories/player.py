"""Plays stories step by step: on one server, on several in lockstep, or on several in turn."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from lockstep.auth.actors import Actor, ActorBook, ActorError
from lockstep.drivers.stories.bystanders import Bystanders, BystanderWatch
from lockstep.drivers.stories.expectations import faults, statuses
from lockstep.drivers.stories.files import DEFAULT_PROFILE, Story, StoryError
from lockstep.drivers.stories.requests import build_request
from lockstep.drivers.stories.values import fill, pick
from lockstep.exchange.exchanger import Exchanger
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.results.findings import STORY
from lockstep.transport.messages import Outcome, Request, Response, status_of

Control = Callable[[], None]


@dataclass(frozen=True, slots=True)
class StoryResult:
    """The result of a story; `problem` is empty if all expectations were met.

    `played` is false if it could not be played to the failing step, as when a value was never saved
    or an actor could not log in. That is no finding about a target.
    """

    name: str
    requests: int
    problem: str = ""
    played: bool = True


class StoryPlayer:
    """Plays stories through one exchanger; every story has its own actors."""

    def __init__(
        self,
        exchanger: Exchanger,
        actors: ActorBook,
        controls: Mapping[str, Control],
        bystanders: Bystanders | None = None,
    ) -> None:
        """`controls` maps the names of `control` steps to functions.

        `bystanders` are checked in stories that need no special settings.
        """
        self._exchanger = exchanger
        self._actors = actors
        self._controls = controls
        # Exchanges of the story that later steps may need: writes, and those with saved values.
        self._needed: list[Exchange] = []
        # The values saved from responses of the targets other than the leader.
        self._own: dict[str, dict[str, Any]] = {}
        self._beside: BystanderWatch | None = None
        if bystanders is not None:
            self._beside = BystanderWatch(bystanders, exchanger, actors, self._signed)

    def play(self, story: Story) -> StoryResult:
        """Play a story to its end, or to the first step with an unexpected response."""
        ledger = self._exchanger.ledger
        before = ledger.requests
        problem, played = "", True
        self._needed = []
        self._own = {}
        beside = self._watch(story)
        try:
            if beside is not None:
                beside.begin()
            self._actors.forget_all()
            values: dict[str, Any] = {"unique": self._actors.unique()}
            for name in story.actors:
                values[name] = self._actors.get(name).facts
            for number, step in enumerate(story.steps, 1):
                problem = self._step(story, number, step, values)
                if problem:
                    break
            if beside is not None:
                problem = "; ".join(filter(None, [problem, beside.end(story)]))
        except (StoryError, ActorError) as error:
            problem, played = f"{story.name}: {error}", False
        return StoryResult(story.name, ledger.requests - before, problem, played)

    def _step(self, story: Story, number: int, step: dict[str, Any], values: dict[str, Any]) -> str:
        try:
            if "control" in step:
                return self._control(step["control"])
            if "parallel" in step:
                return self._race(story, number, step, values)
            for _ in range(step.get("repeat", 1)):
                problem = self._single(story, number, step, values)
                if problem:
                    return problem
        except StoryError as error:
            raise StoryError(f"step {number}: {error}") from error
        return ""

    def _control(self, name: str) -> str:
        if name not in self._controls:
            raise StoryError(f"unknown control {name}")
        self._controls[name]()
        return ""

    def _single(
        self, story: Story, number: int, step: dict[str, Any], values: dict[str, Any]
    ) -> str:
        expected = fill(step["expect"], values)
        request = self.request(story, step, values)
        with self._neighboured(story, number, step, request) as problems:
            exchange = self._exchanger.send(request, expected=statuses(expected))
        if problems:
            return "; ".join(problems)
        wrong = {
            name: "; ".join(found)
            for name, outcome in exchange.outcomes.items()
            if (found := list(faults(self._expected(step, values, name), outcome)))
        }
        if wrong:
            return self._report(story, number, exchange, wrong)
        self._save(step, [exchange], values)
        if "save" in step or request.method not in SAFE_METHODS:
            self._needed.append(exchange)
        return ""

    @contextmanager
    def _neighboured(
        self, story: Story, number: int, step: Mapping[str, Any], request: Request
    ) -> Iterator[list[str]]:
        """Create a sibling of the sender's resource for the block; see `BystanderWatch.around`."""
        beside, name = self._watch(story), self._actor_of(story, step)
        if beside is None or name is None or request.actor is None or request.operation is None:
            yield []
            return
        where = f"{story.name}, step {number}, beside it"
        with beside.around(where, request.operation, self._actors.get(name)) as problems:
            yield problems

    def _watch(self, story: Story) -> BystanderWatch | None:
        """Return the bystanders of a story, if it does not need servers with other settings."""
        return self._beside if story.profile == DEFAULT_PROFILE else None

    def _race(self, story: Story, number: int, step: dict[str, Any], values: dict[str, Any]) -> str:
        requests = [self.request(story, part, values) for part in step["parallel"]]
        wanted = Counter(step["expect_any_order"])
        exchanges = self._exchanger.send_together(requests, expected=frozenset(wanted))
        seen: dict[str, list[int | None]] = {}
        for exchange in exchanges:
            for name, outcome in exchange.outcomes.items():
                # With `rotate`, the targets share one race.
                racer = "together" if self._exchanger.rotates else name
                seen.setdefault(racer, []).append(status_of(outcome))
        wrong = {
            racer: f"expected the statuses {sorted(wanted.elements())}, got {got}"
            for racer, got in seen.items()
            if Counter(got) != wanted
        }
        if wrong:
            return self._report(story, number, exchanges[-1], wrong)
        self._save(step, exchanges, values)
        self._needed += exchanges
        return ""

    def _save(
        self, step: Mapping[str, Any], exchanges: Sequence[Exchange], values: dict[str, Any]
    ) -> None:
        """Save values from the leader's response, and from that of each other target its own."""
        save(step, _succeeded([exchange.leader for exchange in exchanges]), values)
        if self._exchanger.rotates:
            return
        for target in self._exchanger.targets[1:]:
            outcomes = [exchange.outcomes[target.name] for exchange in exchanges]
            # What it lacks has been compared; the leader's value is translated then.
            with suppress(StoryError):
                save(step, _succeeded(outcomes), self._own.setdefault(target.name, {}))

    def _expected(self, step: Mapping[str, Any], values: Mapping[str, Any], target: str) -> Any:
        """Return the expectation of a step, with the values that a target itself has returned.

        Other values are the leader's, with the target's identifiers. Instants cannot all be
        translated: two that are equal in the leader may differ in the target.
        """
        own = self._own.get(target, {})
        others = {name: value for name, value in values.items() if name not in own}
        text = self._exchanger.versions.translate_text(
            json.dumps(others, ensure_ascii=False), target
        )
        return fill(step["expect"], {**json.loads(text), **own})

    def _report(
        self, story: Story, number: int, exchange: Exchange, wrong: Mapping[str, str]
    ) -> str:
        where = f"{story.name}, step {number}"
        ledger, trace = self._exchanger.ledger, self._exchanger.trace
        steps = trace.steps([*self._needed, exchange])
        added = ledger.findings.add_violation(
            exchange, "expectation", where, wrong, trace, category=STORY, steps=steps
        )
        detail = "; ".join(f"{name}: {text}" for name, text in wrong.items())
        return f"{where}: {detail}" if added else ""

    def request(self, story: Story, step: Mapping[str, Any], values: Mapping[str, Any]) -> Request:
        """Return the request of a step with its actor's credentials."""
        name = self._actor_of(story, step)
        return self._signed(step, values, None if name is None else self._actors.get(name))

    def _signed(
        self, step: Mapping[str, Any], values: Mapping[str, Any], actor: Actor | None
    ) -> Request:
        request = build_request(self._exchanger.ledger.document, step, values)
        if actor is None or self._actors.credential.is_in(request):
            return request
        return self._actors.authorise(request, actor)

    def _actor_of(self, story: Story, step: Mapping[str, Any]) -> str | None:
        return step["as"] if "as" in step else self._default_actor(story, step)

    def _default_actor(self, story: Story, step: Mapping[str, Any]) -> str | None:
        operation = self._exchanger.ledger.document.operations.get(step.get("operation", ""))
        needed = operation is not None and operation.requires_auth
        return story.actors[0] if needed and story.actors else None


def _succeeded(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the first successful outcome, or else the first one."""
    successes = (outcome for outcome in outcomes if (status_of(outcome) or 999) < 300)
    return next(successes, outcomes[0])


def save(step: Mapping[str, Any], outcome: Outcome, values: dict[str, Any]) -> None:
    """Save values from a response as the step defines. Raises `StoryError` if one is missing."""
    if isinstance(outcome, Response):
        for name, source in step.get("save", {}).items():
            values[name] = pick(source, outcome)
