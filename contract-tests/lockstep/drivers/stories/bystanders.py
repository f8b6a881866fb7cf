"""Bystanders of a story: another user's resources, and a sibling of a changed resource."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from lockstep.auth.actors import Actor, ActorBook
from lockstep.drivers.stories.expectations import faults, statuses
from lockstep.drivers.stories.files import Story, StoryError
from lockstep.drivers.stories.values import pick
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.openapi.loading import load_yaml
from lockstep.results.exchange import Exchange
from lockstep.results.findings import STORY
from lockstep.schemas import load_schema
from lockstep.transport.literals import pointer
from lockstep.transport.messages import NoResponse, Outcome, Request, Response, status_of

KIND = "expectation"
_UNAUTHENTICATED = 401
# The step named in problems with the other user.
_STRANGER = "beside every story, another user"

Steps = tuple[dict[str, Any], ...]
Prepare = Callable[[Mapping[str, Any], Mapping[str, Any], Actor | None], Request]


@dataclass(frozen=True, slots=True)
class Beside:
    """Resources with the steps, as in stories, that create, read and remove them."""

    make: Steps = ()
    look: Steps = ()
    remove: Steps = ()


@dataclass(frozen=True, slots=True)
class Bystanders:
    """Resources that no story may change unless it says so.

    `stranger` are resources of the user `actor`: created once, read after each story. `neighbour`
    are resources of the user who sends one of the operations `around`: created before the step,
    read after it, and removed, so that the story's own lists do not show them.
    """

    actor: str
    stranger: Beside
    around: frozenset[str] = frozenset()
    neighbour: Beside = field(default_factory=Beside)


def load_bystanders(path: Path, document: Document) -> Bystanders:
    """Load a file in the format of `bystanders.schema.json`.

    Raises `StoryError` for another format, and for operations that the document does not have.
    """
    raw = load_yaml(path.read_text(encoding="utf-8"))
    wrong = [
        f"{pointer(tuple(error.instance_path)) or '/'}: {error.message}"
        for error in _validator().iter_errors(raw)
    ]
    if not wrong:
        parts = (raw["stranger"], raw["neighbour"])
        steps = [step for part in parts for key in part if key != "around" for step in part[key]]
        named = [*raw["neighbour"]["around"], *(step["operation"] for step in steps)]
        unknown = sorted({*named} - document.operations.keys())
        wrong = [f"the document has no operation {name}" for name in unknown]
    if wrong:
        raise StoryError(f"{path}: {'; '.join(wrong)}")
    stranger, neighbour = raw["stranger"], raw["neighbour"]
    return Bystanders(
        actor=raw["actor"],
        stranger=Beside(tuple(stranger["make"]), tuple(stranger["look"])),
        around=frozenset(neighbour["around"]),
        neighbour=Beside(*(tuple(neighbour[key]) for key in ("make", "look", "remove"))),
    )


@cache
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(load_schema("bystanders"))


class BystanderWatch:
    """Creates the bystanders of one exchanger's stories, and checks that they do not change."""

    def __init__(
        self, bystanders: Bystanders, exchanger: Exchanger, actors: ActorBook, prepare: Prepare
    ) -> None:
        """`prepare` builds the request of a step from values, on behalf of an actor."""
        self._bystanders = bystanders
        self._exchanger = exchanger
        self._actors = actors
        self._prepare = prepare
        self._stranger: _Things | None = None

    def begin(self) -> None:
        """Create the other user's resources if they do not exist. Raises `StoryError`."""
        if self._stranger is None:
            actor = self._actors.get(self._bystanders.actor)
            self._stranger = self._made(self._bystanders.stranger, actor, _STRANGER)

    def end(self, story: Story) -> str:
        """Check the other user's resources after a story; returns the problem, if any."""
        assert self._stranger is not None
        problem = self._stranger.changed(f"{story.name}, another user")
        if problem:
            # So that the next story is not blamed for it.
            self._stranger = None
        return problem

    @contextmanager
    def around(self, where: str, operation: str, actor: Actor) -> Iterator[list[str]]:
        """Create a sibling of an operation's resource, and check it after the block.

        Problems are added to the list, prefixed by `where`. A user whom no target authenticates any
        more has no sibling.
        """
        problems: list[str] = []
        things = None
        if operation in self._bystanders.around:
            with suppress(_RefusedError):
                things = self._made(self._bystanders.neighbour, actor, where, may_be_refused=True)
        yield problems
        if things is not None:
            problem = things.changed(where)
            problems.extend(filter(None, [problem]))
            things.remove()

    def _made(
        self, beside: Beside, actor: Actor, where: str, *, may_be_refused: bool = False
    ) -> _Things:
        things = _Things(beside, actor, self._exchanger, self._prepare)
        things.make(where, may_be_refused=may_be_refused)
        things.look()
        return things


class _RefusedError(StoryError):
    """No target authenticates the user."""


class _Things:
    """Resources of one user, and their last known state."""

    def __init__(
        self, beside: Beside, actor: Actor, exchanger: Exchanger, prepare: Prepare
    ) -> None:
        self._beside = beside
        self._actor = actor
        self._exchanger = exchanger
        self._prepare = prepare
        self._values: dict[str, Any] = {"unique": actor.label, "actor": actor.facts}
        self._seen: list[dict[str, str]] = []

    def make(self, where: str, *, may_be_refused: bool) -> None:
        """Create them; an unexpected response is a finding at `where`.

        Raises `StoryError` then, and `_RefusedError` if no target authenticates the user and this
        is allowed.
        """
        for step in self._beside.make:
            exchange = self._send(step)
            answered = {status_of(outcome) for outcome in exchange.outcomes.values()}
            if may_be_refused and answered == {_UNAUTHENTICATED}:
                raise _RefusedError(f"{step['operation']} is refused to {self._actor.label}")
            wrong = {
                name: f"{step['operation']}: {found[0]}"
                for name, outcome in exchange.outcomes.items()
                if (found := list(faults(step["expect"], outcome)))
            }
            if wrong:
                self._exchanger.ledger.findings.add_violation(
                    exchange, KIND, where, wrong, self._exchanger.trace, category=STORY
                )
                problem = "; ".join(f"{name}: {text}" for name, text in wrong.items())
                raise StoryError(f"its bystanders cannot be created: {problem}")
            for name, source in step.get("save", {}).items():
                assert isinstance(exchange.leader, Response)
                self._values[name] = pick(source, exchange.leader)

    def look(self) -> None:
        """Read and remember the current state."""
        self._seen = [self._shown(self._send(step)) for step in self._beside.look]

    def changed(self, where: str) -> str:
        """Read again; a change becomes a finding at `where`."""
        problems = []
        for step, before in zip(self._beside.look, self._seen, strict=True):
            exchange = self._send(step)
            wrong = {
                name: f"{step['operation']} has changed: {_difference(before[name], now)}"
                for name, now in self._shown(exchange).items()
                if now != before[name]
            }
            ledger = self._exchanger.ledger
            if wrong and ledger.findings.add_violation(
                exchange, KIND, where, wrong, self._exchanger.trace, category=STORY
            ):
                problem = "; ".join(f"{name}: {text}" for name, text in wrong.items())
                problems.append(f"{where}: {problem}")
        return "; ".join(problems)

    def remove(self) -> None:
        """Remove them; those already deleted are ignored."""
        for step in self._beside.remove:
            self._send(step)

    def _send(self, step: Mapping[str, Any]) -> Exchange:
        expected = statuses(step["expect"]) if "expect" in step else frozenset[int]()
        request = self._prepare(step, self._values, self._actor)
        return self._exchanger.send(request, expected=expected)

    def _shown(self, exchange: Exchange) -> dict[str, str]:
        """Return each target's response as text; targets with `rotate` share one state."""
        shown = {name: _as_text(outcome) for name, outcome in exchange.outcomes.items()}
        if self._exchanger.rotates:
            (only,) = shown.values()
            return {"together": only}
        return shown


def _as_text(outcome: Outcome) -> str:
    if isinstance(outcome, NoResponse):
        return f"no response ({outcome.reason})"
    tag = outcome.header("etag") or "no tag"
    return f"{outcome.status} {tag} {outcome.body.decode('utf-8', 'replace')}"


_SHOWN = 100


def _difference(before: str, now: str) -> str:
    """Return both texts, from shortly before the first difference."""
    pairs = zip(before, now, strict=False)
    at = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(before), len(now)))
    begin = max(0, at - 20)
    return f"{now[begin : begin + _SHOWN]!r} instead of {before[begin : begin + _SHOWN]!r}"
