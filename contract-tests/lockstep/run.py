"""A run: stages that share their findings and their coverage, and the verdict at the end."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from lockstep.actors import ActorBook, ActorError
from lockstep.compare import Clock
from lockstep.conformance import Conformance
from lockstep.coverage import Coverage, Missing
from lockstep.document import Document
from lockstep.drivers.fuzz import FuzzError, fuzz
from lockstep.drivers.stories import Control, StoryPlayer, StoryResult
from lockstep.drivers.story_files import Story
from lockstep.exchange import Exchanger, Ledger
from lockstep.findings import Finding, Findings
from lockstep.known_differences import KnownDifference, load_known_differences
from lockstep.messages import NoResponse, Request
from lockstep.settings import Settings
from lockstep.targets import Target

ALIKE, DIVERGED, COULD_NOT_RUN = 0, 1, 2


class RunError(Exception):
    """The run cannot start: a document, a target or an actor is not as it should be."""


class Reporter(Protocol):
    """Who is told how the run goes on."""

    def stage(self, title: str) -> None:
        """A stage begins."""

    def progress(self, text: str, done: int, total: int | None) -> None:
        """Something of the stage is done; `total` is `None` where it is not known."""


class _Silent:
    def stage(self, title: str) -> None:
        pass

    def progress(self, text: str, done: int, total: int | None) -> None:
        pass


@dataclass(slots=True)
class Stage:
    """One part of a run: against which targets, how, and what it took."""

    title: str
    targets: tuple[str, ...]
    mode: str
    exchanges: int = 0
    requests: int = 0
    seconds: float = 0.0
    findings: int = 0
    stories: list[StoryResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run ended.

    `exit_code` is 0 when the targets are alike, 1 when they are not, conform less than they should
    or were not looked at in full, 2 when the run could not be done.
    """

    exit_code: int
    findings: list[Finding]
    missing: list[Missing]
    problems: list[str]
    known: list[KnownDifference]
    stages: list[Stage]
    coverage: Coverage
    covered: tuple[int, int]
    seed: int
    seconds: float
    title: str

    @property
    def exchanges(self) -> int:
        """How many requests were sent to all targets of their stage."""
        return sum(stage.exchanges for stage in self.stages)

    @property
    def requests(self) -> int:
        """How many requests were sent, each target counted."""
        return sum(stage.requests for stage in self.stages)


class Run:
    """Runs stages one after another.

    Each stage has symbols and actors of its own, since each may begin from other databases.
    Findings and coverage are kept by target name over all stages.
    """

    def __init__(self, settings: Settings, reporter: Reporter | None = None) -> None:
        """Load the document and the known differences; `RunError` when one cannot be read."""
        self.settings = settings
        self._reporter = reporter or _Silent()
        self._started = time.monotonic()
        self._stages: list[Stage] = []
        self._problems: list[str] = []
        self._failed = False
        try:
            self.document = Document.load(settings.document)
            path = settings.known_differences
            known = load_known_differences(path) if path is not None else []
        except (OSError, ValueError) as error:
            raise RunError(str(error)) from error
        self.ledger = Ledger(
            document=self.document,
            conformance=Conformance(self.document),
            coverage=Coverage(self.document),
            findings=Findings(known),
            clock=Clock(settings.tolerance),
        )

    def reach(self, targets: Sequence[Target], path: str | None = None) -> None:
        """Ask each target for a path; `RunError` names those that do not answer.

        With a path of the caller's the answer must be a 2xx. A server that is not there is so told
        from servers that differ.
        """
        silent = []
        for target in targets:
            outcome = target.send(Request("GET", path or "/"))
            if isinstance(outcome, NoResponse):
                silent.append(f"{target.name} at {target.base_url}: {outcome.reason}")
            elif path is not None and not 200 <= outcome.status < 300:
                silent.append(
                    f"{target.name} at {target.base_url}: {path} answers {outcome.status}"
                )
        if silent:
            raise RunError("; ".join(silent))

    def play_stories(
        self,
        stories: Sequence[Story],
        targets: Sequence[Target],
        mode: str,
        title: str = "",
        controls: Mapping[str, Control] | None = None,
    ) -> Stage:
        """Play the stories that can run in a mode.

        `alone`: every target by itself, expectations only. `lockstep`: all at once, compared.
        `alternating`: the targets share one state, and each request goes to the next one.
        `controls` says what the stories' `control` steps do.
        """
        chosen = [story for story in stories if mode in story.modes]
        with self._stage(title or f"stories, {mode}", targets, mode) as stage:
            groups = [[target] for target in targets] if mode == "alone" else [list(targets)]
            total = len(chosen) * len(groups)
            for group in groups:
                exchanger = Exchanger(self.ledger, group, rotate=mode == "alternating")
                player = StoryPlayer(exchanger, self._actors(exchanger), controls or {})
                for story in chosen:
                    result = player.play(story)
                    stage.stories.append(result)
                    if not result.played:
                        self._problems.append(f"{title or mode}: {result.problem}")
                    self._reporter.progress(story.name, len(stage.stories), total)
        return stage

    def fuzz(self, targets: Sequence[Target], title: str = "fuzzing") -> Stage:
        """Drive all targets with generated requests; the first target leads."""
        with self._stage(title, targets, "lockstep") as stage:
            exchanger = Exchanger(self.ledger, targets)
            actors = self._actors(exchanger) if self.settings.actors else None
            before = self.ledger.exchanges

            def told(phase: str, label: str) -> None:
                self._reporter.progress(f"{phase} {label}", self.ledger.exchanges - before, None)

            try:
                self._problems += fuzz(
                    exchanger, actors, self.settings.fuzz, self.settings.seed, told
                )
            except (ActorError, FuzzError) as error:
                raise RunError(f"{title}: {error}") from error
        return stage

    def could_not_run(self, reason: str) -> None:
        """Note that a part of the run could not be done."""
        self._failed = True
        self._problems.append(reason)

    def finish(self) -> Verdict:
        """The verdict over all stages."""
        exempt = self.settings.exempt
        findings = self.ledger.findings
        coverage = self.ledger.coverage
        missing = coverage.missing(exempt) if self.settings.require_coverage else []
        problems = [*self._problems, *findings.problems()]
        found = findings.all()
        code = DIVERGED if found or missing or problems else ALIKE
        return Verdict(
            exit_code=COULD_NOT_RUN if self._failed else code,
            findings=found,
            missing=missing,
            problems=problems,
            known=findings.known,
            stages=self._stages,
            coverage=coverage,
            covered=coverage.totals(exempt),
            seed=self.settings.seed,
            seconds=time.monotonic() - self._started,
            title=self.document.title,
        )

    def _actors(self, exchanger: Exchanger) -> ActorBook:
        return ActorBook(exchanger, self.settings.actors, random.Random(self.settings.seed))

    @contextmanager
    def _stage(self, title: str, targets: Sequence[Target], mode: str) -> Iterator[Stage]:
        stage = Stage(title, tuple(target.name for target in targets), mode)
        self._stages.append(stage)
        self._reporter.stage(title)
        ledger = self.ledger
        ledger.findings.stage = title
        before = ledger.exchanges, ledger.requests, len(ledger.findings), time.monotonic()
        try:
            yield stage
        finally:
            stage.exchanges = ledger.exchanges - before[0]
            stage.requests = ledger.requests - before[1]
            stage.findings = len(ledger.findings) - before[2]
            stage.seconds = time.monotonic() - before[3]
