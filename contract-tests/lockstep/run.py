"""A run: stages that share their findings and their coverage, and the verdict at the end."""

from __future__ import annotations

import itertools
import random
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from lockstep.actors import ActorBook, ActorError, ActorSpec
from lockstep.compare import Clock
from lockstep.conformance import Conformance
from lockstep.coverage import Coverage
from lockstep.document import Document
from lockstep.drivers.fuzz import FuzzError, Lane, fuzz
from lockstep.drivers.races import RaceResult, run_race
from lockstep.drivers.raw import TrapResult, finding_of, run_traps
from lockstep.drivers.replay import ReplaySettings, replay
from lockstep.drivers.stories import Control, StoryPlayer
from lockstep.drivers.story_files import Story, StoryError
from lockstep.drivers.walk import walk
from lockstep.exchange import Exchanger, TargetLostError
from lockstep.explain import Explainer
from lockstep.findings import Findings
from lockstep.gate import Gate
from lockstep.known_differences import load_known_differences
from lockstep.ledger import Ledger
from lockstep.log_in.probe import find_users, is_open
from lockstep.messages import NoResponse, Request
from lockstep.races import Race
from lockstep.recordings import Recording
from lockstep.rules import Rules
from lockstep.self_check import self_check
from lockstep.settings import Settings
from lockstep.shrink import Shrinker
from lockstep.smoke import smoke
from lockstep.targets import Target
from lockstep.traps import Trap
from lockstep.verdict import ALIKE, COULD_NOT_RUN, DIVERGED, Stage, Verdict

__all__ = ["ALIKE", "COULD_NOT_RUN", "DIVERGED", "Reporter", "Run", "RunError", "Stage", "Verdict"]


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
        self._traps: list[TrapResult] = []
        self._races: list[RaceResult] = []
        self._shrinker = Shrinker(settings.shrink)
        # What was found out about the targets: for people.
        self.notes: list[str] = []
        # What could not be held against each other, and what was never sent: for people.
        self.not_judged: list[str] = []
        self.not_tested: list[str] = []
        # Texts that no report may show.
        self.secrets = set(settings.secrets)
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
            rules=Rules(settings.rules),
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

    def smoke(self, targets: Sequence[Target]) -> None:
        """See that each target is there and answers; `RunError` says what is wrong with which."""
        seen = smoke(targets, self.document)
        self.notes += seen.notes
        if seen.faults:
            raise RunError("\n".join(seen.faults))

    def use(self, actors: tuple[ActorSpec, ...]) -> None:
        """Take these users, which depend on the document, for those of the settings."""
        self.settings = replace(self.settings, actors=actors)

    def log_in(self, targets: Sequence[Target]) -> None:
        """Find out what the settings leave open: how users register and log in; `notes` tell.

        `RunError` when a user of the settings is not let in.
        """
        drafts = self.settings.actors
        if drafts and not any(map(is_open, drafts)):
            return
        if not any(operation.requires_auth for operation in self.document.operations.values()):
            return
        nonce = self.settings.nonce or secrets.token_hex(4)
        with self.stage("log-in", targets):
            exchanger = Exchanger(self.ledger, targets)
            try:
                found = find_users(exchanger, nonce, drafts)
            except (ActorError, TargetLostError) as error:
                raise RunError(f"log-in: {error}") from error
        self.use(found.specs)
        self.notes += found.notes

    def self_check(self, targets: Sequence[Target]) -> None:
        """Hold each target against itself; what it answers differently each time is not judged."""
        with self.stage("self-check", targets) as stage:
            exchanger = Exchanger(self.ledger, targets)
            actors = self.actors(exchanger) if self.settings.actors else None
            try:
                self.not_judged += self_check(exchanger, actors)
            except (ActorError, TargetLostError) as error:
                self.could_not_run(f"{stage.title}: {error}")

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
        with self.stage(title or f"stories, {mode}", targets, mode) as stage:
            groups = [[target] for target in targets] if mode == "alone" else [list(targets)]
            total = len(chosen) * len(groups)
            for group in groups:
                found = len(self.ledger.findings)
                exchanger = Exchanger(self.ledger, group, rotate=mode == "alternating")
                actors = self.actors(exchanger)
                player = StoryPlayer(exchanger, actors, controls or {})
                for story in chosen:
                    try:
                        result = player.play(story)
                    except TargetLostError as error:
                        self.could_not_run(f"{stage.title}: {error}")
                        break
                    stage.stories.append(result)
                    if not result.played:
                        self._problems.append(f"{title or mode}: {result.problem}")
                    self._reporter.progress(story.name, len(stage.stories), total)
                self._shrinker.shrink(self.ledger.findings.since(found), exchanger, actors.nonce)
        return stage

    def walk(self, targets: Sequence[Target], title: str = "walk") -> Stage:
        """Make, read, list, change and delete what the document has, as a careful user would."""
        with self.stage(title, targets) as stage:
            exchanger = Exchanger(self.ledger, targets)
            actors = self.actors(exchanger) if self.settings.actors else None
            found = len(self.ledger.findings)
            try:
                walk(exchanger, actors, self._reporter.progress)
            except (ActorError, TargetLostError) as error:
                self.could_not_run(f"{title}: {error}")
            self.not_judged += exchanger.not_judged()
            nonce = actors.nonce if actors is not None else ""
            self._shrinker.shrink(self.ledger.findings.since(found), exchanger, nonce)
        return stage

    def fuzz(self, targets: Sequence[Target], title: str = "fuzzing") -> Stage:
        """Drive all targets with generated requests; the first target leads.

        What stops it (a target or an actor is lost) makes the verdict's exit code 2; what was found
        before stays.
        """
        with self.stage(title, targets, "lockstep") as stage:
            lanes = self._lanes(targets)
            before = self.ledger.exchanges
            found = len(self.ledger.findings)

            def told(phase: str, label: str) -> None:
                self._reporter.progress(f"{phase} {label}", self.ledger.exchanges - before, None)

            try:
                self._problems += fuzz(lanes, self.settings.fuzz, self.settings.seed, told)
            except FuzzError as error:
                self.could_not_run(f"{title}: {error}")
            for exchanger, _ in lanes:
                self.not_judged += exchanger.not_judged()
            exchanger, actors = lanes[0]
            nonce = actors.nonce if actors is not None else ""
            self._shrinker.shrink(self.ledger.findings.since(found), exchanger, nonce)
        return stage

    def _lanes(self, targets: Sequence[Target]) -> list[Lane]:
        """What each worker has of its own: symbols and actors; a gate keeps writes apart."""
        workers = self.settings.fuzz.workers
        gate = Gate() if workers > 1 else None
        exchangers = [Exchanger(self.ledger, targets, gate=gate) for _ in range(workers)]
        if not self.settings.actors:
            return [(exchanger, None) for exchanger in exchangers]
        return [(each, self.actors(each, number)) for number, each in enumerate(exchangers)]

    def replay(
        self, recording: Recording, targets: Sequence[Target], settings: ReplaySettings
    ) -> Stage:
        """Send what was recorded to all targets; the first one leads."""
        self.not_tested += recording.notes
        with self.stage(f"replay of {recording.title}", targets) as stage:
            exchanger = Exchanger(self.ledger, targets)
            actors = self.actors(exchanger) if self.settings.actors else None
            found = len(self.ledger.findings)
            try:
                self.not_judged += replay(
                    recording, exchanger, actors, settings, self._reporter.progress
                )
            except (ActorError, TargetLostError) as error:
                self.could_not_run(f"{stage.title}: {error}")
            self._shrinker.shrink(self.ledger.findings.since(found), exchanger)
        return stage

    def spring_traps(
        self, traps: Sequence[Trap], targets: Sequence[Target], tokens: Mapping[str, str]
    ) -> Stage:
        """Send the requests of a catalogue as bytes; `tokens` has one for each target, by name."""
        with self.stage("parity traps", targets) as stage:
            for number, result in enumerate(run_traps(traps, targets, tokens), 1):
                self._traps.append(result)
                self.ledger.exchanges += 1
                self.ledger.requests += len(targets)
                if result.problems:
                    self.ledger.findings.add(finding_of(result))
                self._reporter.progress(result.trap.name, number, len(traps))
        return stage

    def tokens(self, targets: Sequence[Target]) -> dict[str, str]:
        """A token of the first user for each target, by name; empty where there are no users.

        Raises `RunError` when the user is not let in.
        """
        if not self.settings.actors:
            return {}
        exchanger = Exchanger(self.ledger, targets)
        try:
            actor = self.actors(exchanger).get(self.settings.actors[0].name)
        except (ActorError, TargetLostError) as error:
            raise RunError(f"log-in: {error}") from error
        return dict(exchanger.identities[actor.label].tokens)

    def race(self, races: Sequence[Race], targets: Sequence[Target], title: str = "races") -> Stage:
        """Run races on each target apart; they end at one that cannot be set up."""
        with self.stage(title, targets, "alone") as stage:
            done = itertools.count(1)
            total = sum(race.rounds for race in races) * len(targets)
            exchangers = [Exchanger(self.ledger, [target]) for target in targets]
            lanes = [(exchanger, self.actors(exchanger)) for exchanger in exchangers]

            def tick(name: str) -> None:
                self._reporter.progress(name, next(done), total)

            for race in races:
                try:
                    result = run_race(race, lanes, tick)
                except (StoryError, ActorError, TargetLostError) as error:
                    self.could_not_run(f"{stage.title}: {error}")
                    break
                self._races.append(result)
                self.not_judged += [f"the race {race.name}: {note}" for note in result.notes]
        return stage

    def could_not_run(self, reason: str) -> None:
        """Note that a part of the run could not be done."""
        self._failed = True
        self.add_problem(reason)

    def add_problem(self, problem: str) -> None:
        """Note what keeps the verdict from being `alike`, though it is no finding."""
        self._problems.append(problem)

    def finish(self) -> Verdict:
        """The verdict over all stages."""
        exempt = self.settings.exempt
        findings = self.ledger.findings
        coverage = self.ledger.coverage
        missing = coverage.missing(exempt) if self.settings.require_coverage else []
        problems = [*self._problems, *findings.problems(), *self.ledger.rules.unused()]
        names = dict.fromkeys(name for stage in self._stages for name in stage.targets)
        found = Explainer(self.document, self.ledger.conformance).explain(findings.all(), names)
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
            notes=self.notes,
            secrets=frozenset(self.secrets),
            traps=self._traps,
            races=self._races,
            noise=self.ledger.noise.all(),
            rules=self.ledger.rules.all,
            not_judged=self.not_judged,
            not_tested=[*self.not_tested, *coverage.not_tested()],
        )

    def actors(self, exchanger: Exchanger, number: int = 0) -> ActorBook:
        """New actors for one stage; `number` tells those of several workers apart."""
        settings = self.settings
        rng = random.Random(settings.seed + number)
        nonce = settings.nonce or secrets.token_hex(4)
        if number:
            nonce = f"{nonce}w{number}"
        return ActorBook(exchanger, settings.actors, rng, nonce)

    @contextmanager
    def stage(
        self, title: str, targets: Sequence[Target], mode: str = "lockstep"
    ) -> Iterator[Stage]:
        """A part of the run, for as long as the block lasts: it is announced, timed and counted."""
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
