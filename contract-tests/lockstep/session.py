"""What the stages of a run share: findings, coverage, users, and the verdict at the end."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from lockstep.auth.actors import ActorBook, ActorError
from lockstep.drivers.fuzz.driver import FuzzError, Lane
from lockstep.drivers.races.driver import RaceResult
from lockstep.drivers.traps.raw import TrapResult
from lockstep.exchange.exchanger import Exchanger, TargetLostError
from lockstep.explain import Explainer
from lockstep.matching import Clock
from lockstep.matching.rules import Rules
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.results.coverage import Coverage
from lockstep.results.findings import Findings
from lockstep.results.known_differences import load_known_differences
from lockstep.results.run_log import RunLog
from lockstep.settings import Settings
from lockstep.shrink import Shrinker
from lockstep.transport.targets import Target
from lockstep.verdict import ALIKE, COULD_NOT_RUN, DIVERGED, Stage, Verdict


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


class Session:
    """What the stages of a run share.

    Each stage has symbols and actors of its own, since each may begin from other databases.
    Findings and coverage are kept by target name over all stages.
    """

    def __init__(self, settings: Settings, reporter: Reporter | None = None) -> None:
        """Load the document and the known differences; `RunError` when one cannot be read."""
        self.settings = settings
        self.reporter = reporter or _Silent()
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
        self.ledger = RunLog(
            document=self.document,
            conformance=Conformance(self.document),
            coverage=Coverage(self.document),
            findings=Findings(known),
            clock=Clock(settings.tolerance),
            rules=Rules(settings.rules),
        )

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
            not_judged=[*self.not_judged, *self.ledger.noise.not_judged()],
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
        self.reporter.stage(title)
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

    @contextmanager
    def lane(self, title: str, targets: Sequence[Target]) -> Iterator[Lane]:
        """An exchanger and its actors, for as long as the block lasts; see `concluding`."""
        exchanger = Exchanger(self.ledger, targets)
        actors = self.actors(exchanger) if self.settings.actors else None
        with self.concluding(title, [(exchanger, actors)]):
            yield exchanger, actors

    @contextmanager
    def concluding(self, title: str, lanes: Sequence[Lane]) -> Iterator[None]:
        """What follows the requests of a stage: what they found is shrunk.

        Where a target or an actor was lost the verdict's exit code is 2; what was found stays.
        """
        found = len(self.ledger.findings)
        try:
            yield
        except (ActorError, FuzzError, TargetLostError) as error:
            self.could_not_run(f"{title}: {error}")
        exchanger, actors = lanes[0]
        for other, _ in lanes:
            self.not_judged += other.not_judged()
            exchanger.identities = {**other.identities, **exchanger.identities}
        nonce = actors.nonce if actors is not None else ""
        self._shrinker.shrink(self.ledger.findings.since(found), exchanger, nonce)
