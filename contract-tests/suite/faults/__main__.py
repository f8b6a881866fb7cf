"""Tests both twins while their database, their processes or their clients fail.

python -m suite.faults [--short] [--table]
FAULT=frozen python -m suite.faults       part of the name of a fault; separate several by commas

--short runs only the most important faults, --table prints the observations of all. DATABASE_URL
and SERVERS are read, as by the contract tests; PROFILE=quick implies --short.

Exits with 0 if the servers behave as required, 1 if not, 2 if it could not run.
"""

import argparse
import os
import sys
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from lockstep.drivers.stories.files import StoryError
from lockstep.report.progress import TerminalProgress
from lockstep.run import COULD_NOT_RUN, Run, RunError, Verdict
from suite.faults.driver import FaultResult, finding_of, play_faults
from suite.faults.files import choose, load_faults
from suite.faults.player import Player
from testbed import contract, terminal
from testbed.databases import open_databases
from testbed.directories import PostgresError
from testbed.migrations import CommandError
from testbed.paths import BUILD
from testbed.processes import ended_by_signals
from testbed.reports import publish
from testbed.servers import ServerError
from testbed.stage import CLEAN, Stage

_REASONS = (CommandError, PostgresError, RunError, ServerError, StoryError, ValueError)


def main() -> int:
    """Play the faults and report; return the exit status."""
    arguments = _arguments()
    console = terminal.console()
    try:
        run_verdict, results = _run(console, is_short=arguments.short)
    except _REASONS as error:
        print(f"The faults could not be run: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    if arguments.table:
        _print_table(results, console)
    publish(run_verdict, "faults", console)
    return run_verdict.exit_code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="suite.faults", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="run only the most important faults")
    parser.add_argument("--table", action="store_true", help="print the observations of all faults")
    arguments = parser.parse_args()
    arguments.short |= contract.profile() == "quick"
    return arguments


def _run(console: Console, *, is_short: bool) -> tuple[Verdict, list[FaultResult]]:
    results: list[FaultResult] = []
    servers, logs = contract.servers(), BUILD / "logs/faults"
    with (
        ended_by_signals(),
        TerminalProgress(console) as progress,
        open_databases() as (databases, server),
    ):
        run = Run(replace(contract.settings(in_full=False), actors=()), progress)
        every = load_faults(run.document)
        faults = choose(every, os.environ.get("FAULT", ""), is_short=is_short)
        progress.stage("databases")
        Stage(databases, server, logs).prepare(CLEAN)
        run.selected = f"{len(faults)} faults"
        player = Player(databases, run.document, logs)
        with run.stage("faults", []):
            for result in play_faults(faults, player, servers, {}):
                results.append(result)
                run.ledger.exchanges += 1
                run.ledger.requests += result.requests
                if result.failure:
                    run.could_not_run(result.failure)
                elif result.problems:
                    run.ledger.findings.add(finding_of(result))
                progress.progress(result.fault.name, len(results), len(faults))
    return replace(run.finish(), not_tested=[]), results


def _print_table(results: list[FaultResult], console: Console) -> None:
    table = Table("fault", "server", "seen", "wrong", show_lines=True)
    for result in results:
        for name, played in result.played.items():
            seen = "\n".join(f"{what}: {how}" for what, how in played.seen.items())
            table.add_row(result.fault.name, name, seen, "\n".join(played.problems))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
