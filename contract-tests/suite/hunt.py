"""Runs one driver of the contract tests on one mutant, until the first finding.

python -m suite.hunt ID --driver DRIVER     DATABASE_URL names a server with template databases
python -m suite.hunt --sample ID --driver DRIVER     one of the sampled mutants

With the id `control` there is no mutant: the unchanged twins run to the end. Each run is a separate
process, since the engine that generates requests keeps state. The last line of output is the report
as JSON.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from lockstep.drivers.stories.files import load_stories
from lockstep.drivers.traps.files import load_traps
from lockstep.mutants import CONTROL, load_mutants
from lockstep.results.faults import ForeseenError
from lockstep.run import COULD_NOT_RUN, Run, RunError
from lockstep.transport.targets import Target
from suite.automatic.catalogue import CATALOGUE
from suite.cost.driver import measure, meters
from suite.cost.inputs import Inputs
from suite.faults.driver import finding_of, play_faults
from suite.faults.files import choose, load_faults
from suite.faults.player import Player
from suite.forged import send_forged
from suite.logs.watch import LogWatch
from suite.mutation import MUTANTS, build
from suite.startup.driver import commands_of, start_up
from suite.units import failing_process_tests, failing_tests
from testbed import contract
from testbed.databases import Databases
from testbed.log_in import log_in
from testbed.paths import BUILD, ROOT
from testbed.plain import run_plain
from testbed.processes import ended_by_signals
from testbed.servers import KINDS, Kind, ServerError
from testbed.stage import CLEAN, CROSS_ORIGIN, OUTAGE, POPULATED, Stage

# A second run with another seed shows how the results of plain Schemathesis vary.
_PLAIN_SEEDS = 2
# Drivers that run tests of their own: without requests, the run itself has tested nothing.
_OWN_TESTS = frozenset({"processes", "units"})
# Errors that stop a driver when a server is too broken to continue: it does not start, no user can
# log in, or responses cannot be parsed. The database's own errors are not among them.
_UNUSABLE = (ForeseenError, RunError, ServerError, OSError, ValueError, LookupError, TypeError)


class _CaughtError(Exception):
    """Stops the run at its first finding."""


class _Watch:
    """Watches the run, and stops it at the first finding."""

    def __init__(self) -> None:
        self.run: Run | None = None

    def stage(self, title: str) -> None:
        """Start a stage."""

    def progress(self, text: str, done: int, total: int | None) -> None:
        """Update the progress of the stage."""
        del text, done, total
        if self.run is not None and len(self.run.ledger.findings):
            raise _CaughtError


@dataclass
class Hunt:
    """A pair of twins, one of which may be a mutant, and the drivers that run on them.

    commands, sql: for `Stage.pair`. target: the server with the fault, or that plain Schemathesis
    tests; None for both. patched: the sources of the mutant. is_short: whether to play only the
    short selection of faults.
    """

    stage: Stage
    target: Kind | None
    control: bool
    is_short: bool
    commands: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sql: Mapping[str, Sequence[str]] = field(default_factory=dict)
    patched: Mapping[str, str] = field(default_factory=dict)
    requests: int = 0
    findings: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._watch = _Watch()
        self._run = self._watch.run = Run(contract.settings(in_full=False), self._watch)
        logs = LogWatch(self._run.document.raw, lambda: self.stage.log_files)
        self._run.witnesses.append(logs)

    def look(self, driver: str) -> None:
        """Run one of DRIVERS on the twins. Raises RunError if it could not be completed."""
        # Not every driver sends requests that count for operations.
        self._run.selected = driver
        with suppress(_CaughtError):
            DRIVERS[driver](self)
        for found in self._run.ledger.findings.all():
            text = f"{found.operation}: {found.kind}, {found.where}"
            # What the twins themselves differ in is a fault to be mended.
            self.findings[f"{text}: {found.values}" if self.control else text] = None
        self.requests += self._run.ledger.requests
        if driver in _OWN_TESTS:
            return
        verdict = self._run.finish()
        if verdict.exit_code == COULD_NOT_RUN and not self.findings:
            raise RunError("; ".join(verdict.problems))

    def stories(self) -> None:
        """Run the stories in lockstep, including those that need other settings."""
        stories = load_stories(contract.STORIES, self._run.document)
        profiles = sorted({story.profile for story in stories} - {"default", OUTAGE})
        for profile in ("default", *profiles):
            of_profile = [story for story in stories if story.profile == profile]
            # The other stories leave their servers unusable.
            parts = [of_profile] if profile == "default" else [[story] for story in of_profile]
            for part in parts:
                with self._pair(CLEAN, profile=profile) as targets:
                    self._run.play_stories(part, targets, "lockstep")

    def effects(self) -> None:
        """Run the stories in lockstep, and compare the rows of both databases.

        The lines of the logs are left to the other drivers, which would be the first to tell.
        """
        self._run.witnesses.clear()
        stories = load_stories(contract.STORIES, self._run.document)
        usual = [story for story in stories if story.profile == "default"]
        with self._pair(CLEAN, rows=True) as targets:
            self._run.play_stories(usual, targets, "lockstep")

    def turns(self) -> None:
        """Run the stories on one database, one twin at a time."""
        stories = load_stories(contract.STORIES, self._run.document)
        usual = [story for story in stories if story.profile == "default"]
        with self._pair(CLEAN, shared=True) as targets:
            self._run.play_stories(usual, targets, "alternating")

    def traps(self) -> None:
        """Send the parity traps."""
        with self._pair(POPULATED) as targets:
            tokens = {target.name: log_in(target.base_url) for target in targets}
            self._run.spring_traps(load_traps(contract.TRAPS), targets, tokens)

    def races(self) -> None:
        """Send requests at the same time, as often as the contract tests do."""
        with self._pair(CLEAN) as targets:
            self._run.race(contract.races(self._run.document), targets)

    def walk(self) -> None:
        """Use the API as a client does, and send variants of each request, as `lockstep run`."""
        with self._pair(CLEAN, profile=CROSS_ORIGIN) as targets:
            self._run.walk(targets)
            self._run.probe(targets)
            self._run.race_repeats(targets)

    def generated(self) -> None:
        """Send generated requests, on clean and on populated databases."""
        for template in (CLEAN, POPULATED):
            with self._pair(template) as targets:
                self._run.fuzz(targets)

    def faults(self) -> None:
        """Make the database, the processes and the clients of the faulty twin fail."""
        stage, document = self.stage, self._run.document
        player = Player(stage.databases, document, stage.logs, stage.label)
        servers = KINDS if self.target is None else (self.target,)
        # Responses of operations outside of faults are not tested.
        self._run.selected = "faults"
        faults = choose(load_faults(document), os.environ.get("FAULT", ""), is_short=self.is_short)
        for done, result in enumerate(play_faults(faults, player, servers, self.commands)):
            if result.failure:
                raise RunError(result.failure)
            self.requests += result.requests
            self._run.ledger.exchanges += 1
            if result.problems:
                self._run.ledger.findings.add(finding_of(result))
            self._watch.progress(result.fault.name, done, None)

    def forged(self) -> None:
        """Send genuine tokens and cursors with changed contents."""
        with self._pair(POPULATED) as targets:
            send_forged(self._run, targets)

    def cost(self) -> None:
        """Send the most expensive requests within the limits."""
        with self._pair(POPULATED) as targets:
            inputs = Inputs(self._run.document, in_full=False)
            measure(self._run, inputs, meters(self.stage, targets))

    def startup(self) -> None:
        """Start the twins under a matrix of settings."""
        start_up(self._run, commands_of(KINDS, self.commands), in_full=False)

    def processes(self) -> None:
        """Run the suite's tests of commands, signals, logs and metrics."""
        failed = failing_process_tests(self.commands, in_full=self.control)
        self.findings |= dict.fromkeys(failed)

    def units(self) -> None:
        """Run the unit tests of the target."""
        for kind in KINDS if self.target is None else (self.target,):
            with tempfile.TemporaryDirectory(prefix="task-timer-units-") as folder:
                failed = failing_tests(kind, self.patched, Path(folder), in_full=self.control)
            self.findings |= dict.fromkeys(failed)

    def plain(self) -> None:
        """Run plain Schemathesis against the target only; the control run is the baseline."""
        seeds = range(_PLAIN_SEEDS) if self.control else (0,)
        for seed in seeds:
            with self._pair(POPULATED) as targets:
                address = next(
                    each.base_url for each in targets if self.target in (None, each.name)
                )
                settings = contract.settings()
                steps = run_plain(
                    self._run.document.raw,
                    address,
                    log_in(address),
                    settings.fuzz,
                    settings.seed + seed,
                )
                for step in steps:
                    self.requests = step.requests
                    self.findings |= dict.fromkeys(step.failures)

    def _pair(
        self, template: str, *, profile: str = "default", shared: bool = False, rows: bool = False
    ) -> AbstractContextManager[list[Target]]:
        return self.stage.pair(
            template,
            profile=profile,
            shared=shared,
            commands=self.commands,
            sql=self.sql,
            rows=rows,
        )


DRIVERS: Mapping[str, Callable[[Hunt], None]] = {
    "stories": Hunt.stories,
    "effects": Hunt.effects,
    "turns": Hunt.turns,
    "traps": Hunt.traps,
    "races": Hunt.races,
    "forged": Hunt.forged,
    "cost": Hunt.cost,
    "startup": Hunt.startup,
    "walk": Hunt.walk,
    "generated": Hunt.generated,
    "faults": Hunt.faults,
    "processes": Hunt.processes,
    "units": Hunt.units,
    "plain": Hunt.plain,
}


def main() -> int:
    """Run the driver and print the report."""
    arguments = _arguments()
    databases = Databases(os.environ["DATABASE_URL"], os.environ.get("DATABASE_PREFIX", ""))
    name = f"{arguments.id}-{arguments.driver}-{arguments.target}"
    with ended_by_signals(), tempfile.TemporaryDirectory(prefix="task-timer-mutant-") as folder:
        stage = Stage(databases, None, BUILD / "logs/mutants" / name, label=f"hunt_{os.getpid()}")
        hunt = _hunt(arguments, stage, Path(folder))
        started = time.monotonic()
        try:
            hunt.look(arguments.driver)
        except _UNUSABLE as error:
            if hunt.control or not arguments.sample:
                raise
            message = str(error).strip().partition("\n")[0]
            hunt.findings[f"could not continue: {type(error).__name__}: {message}"] = None
        seconds = round(time.monotonic() - started, 1)
    findings = list(hunt.findings)
    print(json.dumps({"findings": findings, "requests": hunt.requests, "seconds": seconds}))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="suite.hunt")
    parser.add_argument("id")
    parser.add_argument("--driver", choices=DRIVERS, required=True)
    parser.add_argument("--target", choices=KINDS)
    parser.add_argument(
        "--sample",
        action="store_true",
        help="a sampled mutant; drivers are short, and a driver that cannot continue has caught it",
    )
    return parser.parse_args()


def _hunt(arguments: argparse.Namespace, stage: Stage, folder: Path) -> Hunt:
    if arguments.id == CONTROL:
        return Hunt(stage, arguments.target, control=True, is_short=True)
    mutants = load_mutants(CATALOGUE if arguments.sample else MUTANTS)
    mutant = next(each for each in mutants if each.id == arguments.id)
    target: Kind = "python" if mutant.target == "python" else "node"
    commands: Mapping[str, Sequence[str]] = {target: build(mutant, folder)} if mutant.patch else {}
    return Hunt(
        stage,
        target,
        control=False,
        is_short=arguments.sample,
        commands=commands,
        sql={target: mutant.sql},
        patched=mutant.patched(ROOT),
    )


if __name__ == "__main__":
    sys.exit(main())
