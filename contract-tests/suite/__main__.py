"""The contract tests: both twins, alone and in lockstep, from clean and from populated databases.

python -m suite [stories | lockstep] [traps] [production] [races] [forged] [cost]
                [startup] [generated | populated]
STORY=timer/take-over python -m suite       also TRAP='URL: upper case' RACE=if-match OP=createTask

`lockstep` runs the stories only in lockstep, which is what parity needs; `production` runs them and
the traps with the settings of production and two workers, a third of the stories unless
PROFILE=deep; `populated` sends generated requests only to populated databases.

PROFILE=quick|default|deep, SEED, DATABASE_URL and SERVERS are read; SERVERS=python,fastapi selects
the servers to compare. Unless all parts are run, not every documented status needs to be seen.
STORY, TRAP, RACE and OP each select one item, by name or file; the rest is then not tested.

Exits with 0 if the twins are alike and conform to the contract, 1 if not, 2 if it could not run.
"""

import os
import sys
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from lockstep.drivers.stories.files import StoryError
from lockstep.openapi.document import Document
from lockstep.report.progress import TerminalProgress
from lockstep.run import COULD_NOT_RUN, Run, RunError, Verdict
from suite.selection import Selection, SelectionError, select
from suite.stages import FROM_POPULATED, LOCKSTEP, Suite, templates
from testbed import contract, terminal
from testbed.databases import open_databases
from testbed.directories import PostgresError
from testbed.migrations import CommandError
from testbed.paths import BUILD, CONTRACT
from testbed.processes import ended_by_signals
from testbed.reports import BESIDE_OPERATIONS, PARTS, SELECTED, publish, report_name
from testbed.servers import ServerError
from testbed.stage import Stage

# The phases for a single operation: sequences of requests involve all of them.
_PHASES_OF_ONE = ("examples", "coverage", "fuzzing")

_REASONS = (
    CommandError,
    PostgresError,
    RunError,
    SelectionError,
    ServerError,
    StoryError,
    ValueError,
)


def main() -> int:
    """Run the contract tests and report; return the exit status."""
    parts = sys.argv[1:]
    if not set(parts) <= {*PARTS, LOCKSTEP, FROM_POPULATED}:
        print(__doc__, file=sys.stderr)
        return COULD_NOT_RUN
    console = terminal.console()
    try:
        selection = select(os.environ, Document.load(CONTRACT))
        if selection.said and parts:
            raise SelectionError(f"{' '.join(parts)}: either list parts, or select single items")
        name = report_name(contract.servers(), [SELECTED] if selection.said else parts or PARTS)
        verdict = _run(parts or selection.parts, selection, console, BUILD / "logs" / name)
    except _REASONS as error:
        print(f"The contract tests could not run: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    publish(verdict, name, console)
    return verdict.exit_code


def _run(parts: Collection[str], selection: Selection, console: Console, logs: Path) -> Verdict:
    with (
        ended_by_signals(),
        TerminalProgress(console) as progress,
        open_databases() as (databases, server),
    ):
        in_full = not selection.said and set(parts) == set(PARTS)
        settings = contract.settings(database_can_stop=server is not None, in_full=in_full)
        if selection.operations:
            settings = replace(settings, fuzz=replace(settings.fuzz, phases=_PHASES_OF_ONE))
        run = Run(settings, progress)
        progress.stage("databases")
        stage = Stage(databases, server, logs, servers=contract.servers())
        stage.prepare(*templates(parts))
        apart = parts if set(parts) <= BESIDE_OPERATIONS else ()
        run.selected = " and ".join(selection.said or apart) or None
        Suite(run, stage, selection).run(parts)
    verdict = run.finish()
    # The verdict's clause covers all other parts; for an operation, what was not tried is listed.
    rest_is_covered = bool(selection.said) and not selection.operations
    return replace(verdict, not_tested=[]) if rest_is_covered else verdict


if __name__ == "__main__":
    sys.exit(main())
