"""Shows that the contract tests catch deliberate faults in the twins.

python -m suite.mutants [--tag TAG] [--all-drivers] [--plain] [--resume] [ID ...]

Exits with 0 if all were caught, 1 if one survived, 2 if one could not be run.
"""

import argparse
import os
import sys

from lockstep.mutants import (
    COULD_NOT,
    Hunt,
    MutantError,
    choose,
    exit_code,
    load_mutants,
    print_matrix,
    read_matrix,
    write_matrix,
)
from suite.mutation import MUTANTS
from testbed import processes, terminal
from testbed.databases import open_databases
from testbed.paths import BUILD, ROOT
from testbed.stage import CLEAN, POPULATED, Stage

DRIVERS = (
    *("stories", "effects", "turns", "traps", "races", "forged", "cost", "startup"),
    *("walk", "generated", "faults", "processes", "units"),
)
REPORT = BUILD / "mutants.json"


def main() -> int:
    """Run all mutants, or those named, and print which driver caught which."""
    arguments = _arguments()
    console = terminal.console()
    try:
        chosen = choose(load_mutants(MUTANTS), ROOT, tuple(arguments.ids), arguments.tag)
        with processes.ended_by_signals(), open_databases() as (databases, server):
            Stage(databases, server, BUILD / "logs").prepare(CLEAN, POPULATED)
            os.environ["DATABASE_URL"] = databases.admin_url
            os.environ["DATABASE_PREFIX"] = databases.prefix
            hunt = Hunt(
                command=[sys.executable, "-m", "suite.hunt"],
                drivers=arguments.drivers or DRIVERS,
                baseline=["plain"] if arguments.plain else [],
                all_drivers=arguments.all_drivers,
                at_once=arguments.at_once,
                progress=lambda text: console.print(text, soft_wrap=True),
                kept=lambda matrix: write_matrix(matrix, REPORT),
            )
            matrix = hunt.run(chosen, read_matrix(REPORT) if arguments.resume else None)
    except MutantError as error:
        print(error, file=sys.stderr)
        return COULD_NOT
    print_matrix(matrix, console)
    write_matrix(matrix, REPORT)
    return exit_code(matrix)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="suite.mutants", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="ID")
    parser.add_argument("--tag", help="run only mutants with this tag")
    parser.add_argument("--driver", dest="drivers", action="append", choices=DRIVERS)
    parser.add_argument(
        "--all-drivers",
        action="store_true",
        help="run all drivers, even after one has caught the mutant",
    )
    parser.add_argument("--plain", action="store_true", help="also run plain Schemathesis")
    parser.add_argument(
        "--resume", action="store_true", help=f"resume an interrupted run from {REPORT.name}"
    )
    parser.add_argument("--at-once", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
