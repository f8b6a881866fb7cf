"""The shared state of the stages of a run: findings, coverage, users, and the verdict."""

from __future__ import annotations

import itertools
import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

from lockstep.auth.actors import ActorBook, ActorError
from lockstep.confirm import Confirmer
from lockstep.confirm.budget import Budget
from lockstep.drivers.fuzz.driver import FuzzError, Lane
from lockstep.drivers.races.driver import RaceResult
from lockstep.drivers.replay.results import ReplayResult
from lockstep.drivers.stories.bystanders import load_bystanders
from lockstep.drivers.stories.files import StoryError
from lockstep.drivers.traps.raw import TrapResult
from lockstep.exchange.exchanger import Exchanger, TargetLostError
from lockstep.explain import Explainer
from lockstep.explain.clusters import cluster, merged
from lockstep.explain.severity import weight
from lockstep.matching import Clock
from lockstep.matching.rules import Rules
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.openapi.selection import matching
from lockstep.openapi.sharding import WHOLE
from lockstep.results.coverage import Coverage
from lockstep.results.faults import one_line
from lockstep.results.findings import Finding, Findings
from lockstep.results.known_differences import load_known_differences
from lockstep.results.run_log import RunLog
from lockstep.results.witness import Sent, Translate, Witness
from lockstep.settings import Settings
from lockstep.transport.credentials import Identity
from lockstep.transport.targets import Target
from lockstep.verdict import (
    BROKEN,
    COULD_NOT_RUN,
    KEPT,
    Part,
    Reached,
    Stage,
    Verdict,
    changing,
    exit_code_of,
    is_nothing_tested,
    is_parity,
    parity_of,
    reached,
    untested,
)

# More operations than this are counted rather than named.
_NAMED = 5


class RunError(Exception):
    """The run cannot start: a document, a target or an actor is invalid."""


class Reporter(Protocol):
    """Reports the progress of the run."""

    def stage(self, title: str) -> None:
        """Report the start of a stage."""

    def progress(self, text: str, done: int, total: int | None) -> None:
        """Report progress of the stage; `total` is `None` if it is unknown."""


class _Silent:
    def stage(self, title: str) -> None:
        pass

    def progress(self, text: str, done: int, total: int | None) -> None:
        pass


class Session:
    """The shared state of the stages of a run.

    Each stage has its own symbols and actors, since each may start from other databases. The makers
    of resources are known over all stages on the same targets, until their state is reset. Findings
    and coverage are kept by target name over all stages.
    """

    def __init__(self, settings: Settings, reporter: Reporter | None = None) -> None:
        """Load the document and the known differences. Raises `RunError` if that fails."""
        self.settings = settings
        self.reporter = reporter or _Silent()
        self.shard = settings.shard or WHOLE
        self._started = time.monotonic()
        self._stages: list[Stage] = []
        self._problems: list[str] = []
        self._traps: list[TrapResult] = []
        self._races: list[RaceResult] = []
        self.replays: list[ReplayResult] = []
        self._budget = Budget(settings.confirm.requests, settings.confirm.seconds)
        # If true, findings are confirmed once, after all stages.
        self.confirms_at_the_end = False
        self._identities: dict[str, Identity] = {}
        self._nonces: dict[str, None] = {}
        self._users = itertools.count(1)
        self._entitled: dict[str, str] = {}
        # Facts discovered about the targets, for people.
        self.notes: list[str] = []
        # What could not be compared, and what was never sent, for people.
        self.not_judged: list[str] = []
        self.not_tested: list[str] = []
        # Clauses for the line of the verdict.
        self.untested: list[str] = []
        # Observers of side channels of the targets, during stories and traps.
        self.witnesses: list[Witness] = []
        # A description of the selected part, if the caller has selected one.
        self.selected: str | None = None
        # Texts that no report may show.
        self.secrets = set(settings.secrets)
        # Removes data of real users from the data of a report.
        self.masking: Callable[[Any], Any] | None = None
        self._failed = False
        try:
            self.document = Document.load(settings.document, settings.exclude)
            self.included = self._included()
            path = settings.known_differences
            known = load_known_differences(path) if path is not None else []
            path = settings.bystanders
            self.bystanders = load_bystanders(path, self.document) if path is not None else None
        except (OSError, ValueError, StoryError) as error:
            raise RunError(str(error)) from error
        if not self.document.operations:
            raise RunError(f"{settings.document}: no operations: its `paths` are missing or empty")
        coverage = Coverage(self.document)
        self.ledger = RunLog(
            document=self.document,
            conformance=Conformance(self.document),
            coverage=coverage,
            findings=Findings(known),
            clock=Clock(settings.tolerance),
            rules=Rules(settings.rules),
            share=coverage.share(self.shard, self.included),
        )

    def _included(self) -> frozenset[str]:
        """Return the names of the included operations; empty for all. Raises `ValueError`."""
        if not self.settings.include:
            return frozenset()
        every = list(self.document.operations.values())
        included = matching(every, self.settings.include)
        if len(included) == len(every):
            return frozenset()
        number = f"{len(included)} of {len(every)} operations"
        self.selected = f"{number}" if len(included) > _NAMED else ", ".join(sorted(included))
        return included

    def could_not_run(self, reason: str) -> None:
        """Record that a part of the run failed."""
        self._failed = True
        self.add_problem(reason)

    def add_problem(self, problem: str) -> None:
        """Record a problem that is no finding but prevents the verdict `alike`."""
        self._problems.append(problem)

    def finish(self) -> Verdict:
        """Return the verdict over all stages, or one with just the findings after an error."""
        try:
            return self._finish()
        except Exception as error:  # The findings must not be lost.
            self.could_not_run(
                f"no verdict, because of an internal error of lockstep: {one_line(error)}"
            )
            self.ledger.faults.note("the verdict cannot be reached", error)
            return self._bare_verdict()

    def _bare_verdict(self) -> Verdict:
        """Return a verdict for an incomplete run, with unprocessed findings."""
        return Verdict(
            exit_code=COULD_NOT_RUN,
            parity="could not run",
            conformance=KEPT,
            fail_on=self.settings.fail_on,
            untested=[],
            findings=self.ledger.findings.all(),
            seen_once=[],
            excused={},
            missing=[],
            problems=list(self._problems),
            known=self.ledger.findings.known,
            stages=self._stages,
            coverage=self.ledger.coverage,
            covered=(0, 0),
            seed=self.settings.seed,
            seconds=time.monotonic() - self._started,
            title=self.document.title,
            notes=[*self.notes, *self.ledger.habits.sentences()],
            secrets=frozenset(self.secrets),
            masking=self.masking,
            not_judged=self.ledger.faults.sentences(),
        )

    def _finish(self) -> Verdict:
        exempt = self.settings.exempt
        findings = self.ledger.findings
        coverage = self.ledger.coverage
        missing = coverage.missing(exempt) if self.settings.require_coverage else []
        problems = [*self._problems, *findings.problems(), *self.ledger.rules.unused()]
        names = dict.fromkeys(name for stage in self._stages for name in stage.targets)
        explainer = Explainer(self.document, self.ledger.conformance)
        observed = [(replace(one), one) for one in findings.all()]
        every = explainer.explain(findings.all(), names, findings.tried, self.ledger.faults)
        found = [one for one in every if one.reproduced is not False]
        noise = self.ledger.noise.all()
        differ = any(map(is_parity, found)) or bool(missing or problems)
        broken = any(not is_parity(one) for one in found)
        operations = reached(coverage)
        shard = self.shard
        parity = parity_of(
            failed=self._failed, differ=differ, nothing=self._is_untested(operations)
        )
        return Verdict(
            exit_code=exit_code_of(parity, self.settings.fail_on, broken=broken),
            parity=parity,
            conformance=BROKEN if broken else KEPT,
            fail_on=self.settings.fail_on,
            untested=[
                *([f"only shard {shard} was run"] if not shard.is_whole else ()),
                *([f"only {self.selected}: the rest was not judged"] if self.selected else ()),
                *self.untested,
                *self._uncompared(),
                *(() if self._is_partial() else untested(operations, changing(noise))),
            ],
            findings=found,
            seen_once=[one for one in every if one.reproduced is False],
            excused=dict(findings.excused),
            missing=missing,
            problems=problems,
            known=findings.known,
            stages=self._stages,
            coverage=coverage,
            covered=coverage.totals(exempt),
            seed=self.settings.seed,
            seconds=time.monotonic() - self._started,
            title=self.document.title,
            notes=[*self.notes, *self.ledger.habits.sentences()],
            secrets=frozenset(self.secrets),
            masking=self.masking,
            traps=self._traps,
            races=self._races,
            replays=self.replays,
            noise=noise,
            rules=self.ledger.rules.all,
            not_judged=[
                *self.document.problems,
                *self.ledger.conformance.unjudged(),
                *self.not_judged,
                *self.ledger.not_reconciled(),
                *self.ledger.mirrors.notes,
                *self.ledger.statements.notes,
                *self.ledger.proxies.sentences(),
                *self.ledger.patience.lines(),
                *self.ledger.faults.sentences(),
                *self.ledger.noise.not_judged(),
            ],
            not_tested=[
                *(f"`{one.method} {one.path}` is excluded." for one in self.document.excluded),
                *self.not_tested,
                *coverage.not_tested(self.ledger.share),
            ],
            part=Part(self.ledger.share, observed, findings.tried) if self.settings.shard else None,
        )

    def _uncompared(self) -> Iterator[str]:
        """Yield a clause for the line of the verdict."""
        lost = self.ledger.uncompared
        if lost:
            every = lost + self.ledger.compared
            yield f"{lost:,} of {every:,} exchanges, which could not be compared"

    def _is_untested(self, operations: Sequence[Reached]) -> bool:
        if self._is_partial():
            return not self.ledger.exchanges
        if self.ledger.uncompared and not self.ledger.compared:
            return True
        return is_nothing_tested(operations)

    def _is_partial(self) -> bool:
        """Whether operations without requests need not be reported."""
        return self.selected is not None or self._is_raw()

    def _is_raw(self) -> bool:
        """Whether only raw requests were sent, which belong to no operation."""
        sent = any(record.requests for record in self.ledger.coverage.operations.values())
        return bool(self._traps) and not sent

    def testify(self, title: str, sent: Sequence[Sent], translate: Translate) -> list[str]:
        """Let the witnesses judge what was sent; records their findings, returned as text."""
        problems = []
        for witness in self.witnesses:
            for finding in witness.judge(title, sent, translate):
                if self.ledger.findings.add(finding):
                    problems += [f"{name}: {text}" for name, text in finding.values.items()]
        return problems

    def actors(self, exchanger: Exchanger, number: int = 0) -> ActorBook:
        """Return new actors for one stage; `number` distinguishes those of several workers."""
        settings = self.settings
        rng = random.Random(settings.seed + number)
        nonce = settings.nonce or secrets.token_hex(4)
        if number:
            nonce = f"{nonce}w{number}"
        self._nonces[nonce] = None
        return ActorBook(exchanger, settings.actors, rng, nonce, self._users, self._entitled)

    def confirm(self, exchanger: Exchanger) -> None:
        """Reproduce findings that were not reproduced yet, and find their nearest neighbours."""
        findings = self.ledger.findings
        nonces = tuple(self._nonces)
        identities = {**self._identities, **exchanger.identities}
        confirmer = Confirmer(exchanger, self._budget, nonces, identities, self.reporter.progress)
        with self.ledger.faults.about("the findings cannot be reproduced"):
            self.ledger.settle_conditions()
            groups = []
            for one in cluster(findings.all(), findings.tried):
                chosen = merged(one)
                if chosen.reproduced is None:
                    groups.append([chosen, *(each for each in one.findings if each is not chosen)])
            # Slow findings come last, as they may use the time of many others.
            groups.sort(key=lambda group: (self._is_slow(group), -weight(group[0])))
            self.ledger.patience.steady = True
            try:
                confirmed = confirmer.confirm(groups)
            finally:
                self.ledger.patience.steady = False
            for finding in confirmed:
                findings.drop(finding, "an earlier request that took effect on one side only")

    def _is_slow(self, group: Sequence[Finding]) -> bool:
        last = (finding.sequence[-1].request for finding in group if finding.sequence)
        return all(map(self.ledger.is_slow, last))

    @contextmanager
    def stage(
        self, title: str, targets: Sequence[Target], mode: str = "lockstep"
    ) -> Iterator[Stage]:
        """Announce, time and count a part of the run, for the duration of the block."""
        stage = Stage(title, tuple(target.name for target in targets), mode)
        self._stages.append(stage)
        self.reporter.stage(title)
        ledger = self.ledger
        ledger.findings.stage = title
        ledger.counters.disturb()
        before = ledger.exchanges, ledger.requests, len(ledger.findings), time.monotonic()
        try:
            yield stage
        finally:
            stage.exchanges = ledger.exchanges - before[0]
            stage.requests = ledger.requests - before[1]
            stage.findings = len(ledger.findings) - before[2]
            stage.seconds = time.monotonic() - before[3]
            ledger.mirrors.close(targets)
            ledger.statements.close(targets)

    @contextmanager
    def lane(self, title: str, targets: Sequence[Target]) -> Iterator[Lane]:
        """Provide an exchanger and its actors for the duration of the block; see `concluding`."""
        exchanger = Exchanger(self.ledger, targets)
        actors = self.actors(exchanger) if self.settings.actors else None
        with self.concluding(title, [(exchanger, actors)]):
            yield exchanger, actors

    @contextmanager
    def concluding(self, title: str, lanes: Sequence[Lane]) -> Iterator[None]:
        """Handle the errors of a stage, and confirm its findings after the block.

        If a target or an actor was lost, the verdict's exit code is 2; findings are kept.
        """
        try:
            yield
        except (ActorError, FuzzError, TargetLostError) as error:
            self.could_not_run(f"{title}: {error}")
        except Exception as error:  # The other stages continue.
            self.ledger.faults.note(f"{title}: ended early", error)
            self.could_not_run(
                f"{title}: ended early because of an internal error of lockstep: {one_line(error)}"
            )
        exchanger, _ = lanes[0]
        for other, _ in lanes:
            for label, identity in other.identities.items():
                exchanger.identities.setdefault(label, identity)
        self._identities |= exchanger.identities
        if not self.confirms_at_the_end:
            self.confirm(exchanger)
