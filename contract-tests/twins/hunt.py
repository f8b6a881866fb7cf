"""Looks for one saboteur with the contract tests, until the first finding.

python -m twins.hunt ID        DATABASE_URL names a server with the template database `clean`

With the id `control` there is no saboteur: the stories are played with both twins as they are.

A process of its own for each, since the engine behind the generated requests has state of its own.
Prints what was found as JSON.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lockstep.drivers.story_files import load_stories
from lockstep.run import Run
from twins import contract
from twins.databases import Databases
from twins.paths import BUILD
from twins.processes import ended_by_signals
from twins.sabotage import Saboteur, build, load_saboteurs
from twins.servers import Kind
from twins.stage import Stage

CONTROL = "control"


@dataclass(frozen=True)
class Catch:
    """How a saboteur was caught: by which stage, what it did, after how much; by none if not."""

    saboteur: str
    stage: str | None
    finding: str | None
    requests: int
    seconds: float


class _CaughtError(Exception):
    """Ends the run at its first finding."""


class _Trap:
    """Hears how the run goes on, and ends it when there is something to report."""

    def __init__(self) -> None:
        self.run: Run | None = None

    def stage(self, title: str) -> None:
        """A stage begins."""

    def progress(self, text: str, done: int, total: int | None) -> None:
        """Something of the stage is done."""
        del text, done, total
        if self.run is not None and len(self.run.ledger.findings):
            raise _CaughtError


def hunt(saboteur: Saboteur, databases: Databases) -> Catch:
    """Run stories and then generated requests against the wrong twin beside the right other one."""
    with tempfile.TemporaryDirectory(prefix="task-timer-saboteur-") as folder:
        commands = {saboteur.twin: build(saboteur, Path(folder))}
        return _look(saboteur.id, databases, commands, {saboteur.twin: saboteur.sql})


def control(databases: Databases) -> Catch:
    """Play the stories with both twins as they are."""
    return _look(CONTROL, databases, {}, {})


def _look(
    name: str,
    databases: Databases,
    commands: Mapping[Kind, Sequence[str]],
    sql: Mapping[Kind, Sequence[str]],
) -> Catch:
    trap = _Trap()
    run = trap.run = Run(contract.settings(), trap)
    stories = load_stories(contract.STORIES, run.document)
    usual = [story for story in stories if story.profile == "default"]
    stage = Stage(databases, None, BUILD / "logs/saboteurs" / name, label=name.replace("-", "_"))
    started = time.monotonic()
    try:
        with stage.pair(commands=commands, sql=sql) as targets:
            run.play_stories(usual, targets, "lockstep", "stories in lockstep")
        if commands:
            with stage.pair(commands=commands, sql=sql) as targets:
                run.fuzz(targets, "generated requests")
    except _CaughtError:
        pass
    found = run.ledger.findings.all()
    first = found[0] if found else None
    return Catch(
        saboteur=name,
        stage=first.stage if first else None,
        finding=f"{first.operation}: {first.kind}, {first.where}" if first else None,
        requests=run.ledger.requests,
        seconds=round(time.monotonic() - started, 1),
    )


def main() -> int:
    """Print the catch."""
    databases = Databases(os.environ["DATABASE_URL"], os.environ.get("DATABASE_PREFIX", ""))
    by_id = {saboteur.id: saboteur for saboteur in load_saboteurs()}
    with ended_by_signals():
        wanted = sys.argv[1]
        catch = control(databases) if wanted == CONTROL else hunt(by_id[wanted], databases)
        print(json.dumps(asdict(catch)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
