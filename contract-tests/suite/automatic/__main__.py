"""Samples mutants at random, by standard operators over both twins, and runs the drivers on them.

python -m suite.automatic [--size 60] [--seed 1] [--resume] [--retry] [--json] [--list]

Mutants that do not compile, type-check or boot are skipped; those in equivalent-mutants.yaml are
sampled but not run. The drivers of the contract tests run in turn until one catches a mutant; the
unit tests run on the survivors, and are counted separately.

Exits with 0 if all were caught, 1 if one survived, 2 if one could not be run.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from lockstep.mutants import COULD_NOT, Hunt, Matrix, MutantError, read_matrix
from suite.automatic.catalogue import write_catalogue
from suite.automatic.report import CAUGHT, REPORT, UNITS, Score, print_score, write_score
from suite.automatic.screening import draw
from suite.automatic.sources import load_equivalents
from testbed import processes, terminal
from testbed.databases import Databases, open_databases
from testbed.paths import BUILD
from testbed.stage import CLEAN, POPULATED, Stage

# The drivers that catch most mutants per time come first.
DRIVERS = (
    *("traps", "stories", "turns", "forged", "startup", "races", "cost", "faults", "processes"),
    *("walk", "generated"),
)
_SIZE, _SEED = 60, 1
# The time limit as a multiple of the usual time: a busy machine is slower, a hanging driver slower
# still.
_PATIENCE = 4.0

Progress = Callable[[str], None]


def main() -> int:
    """Sample, run and print the score; return the exit status."""
    arguments = _arguments()
    # The generated requests keep their usual seed.
    os.environ.pop("SEED", None)
    console = terminal.console()

    def progress(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    try:
        with processes.ended_by_signals(), open_databases() as (databases, server):
            Stage(databases, server, BUILD / "logs").prepare(CLEAN, POPULATED)
            os.environ["DATABASE_URL"] = databases.admin_url
            os.environ["DATABASE_PREFIX"] = databases.prefix
            score = _run(arguments, databases, progress)
    except (MutantError, ValueError) as error:
        print(error, file=sys.stderr)
        return COULD_NOT
    if not arguments.list:
        write_score(score)
    if arguments.json:
        print(json.dumps(score.as_data(), indent=2))
    else:
        print_score(score, console)
    return 0 if arguments.list else score.exit_code()


def _run(arguments: argparse.Namespace, databases: Databases, progress: Progress) -> Score:
    equivalents = load_equivalents()
    earlier = _earlier(arguments)
    known = earlier["left_out"] if earlier else {}
    sample = draw(arguments.size, arguments.seed, databases, known, arguments.at_once, progress)

    def scored(matrix: Matrix) -> Score:
        return Score(arguments.seed, sample, equivalents, matrix)

    untried = scored(Matrix([], DRIVERS, [UNITS]))
    hunted = {each.id for each in untried.changes}
    mutants = [each for each in write_catalogue(sample.changes) if each.id in hunted]
    if arguments.list:
        return untried
    hunt = Hunt(
        command=[sys.executable, "-m", "suite.hunt", "--sample"],
        drivers=DRIVERS,
        apart=[UNITS],
        patience=_PATIENCE,
        at_once=arguments.at_once,
        progress=progress,
        kept=lambda matrix: write_score(scored(matrix)),
    )
    return scored(hunt.run(mutants, earlier))


def _earlier(arguments: argparse.Namespace) -> dict[str, Any] | None:
    """Return the results of an interrupted run. Raises MutantError if its seed differs."""
    earlier = read_matrix(REPORT) if arguments.resume or arguments.retry else None
    if earlier is None:
        return None
    if earlier["seed"] != arguments.seed:
        raise MutantError(f"{REPORT.name} is of SEED={earlier['seed']}")
    if arguments.retry:
        kept = [row for row in earlier["mutants"] if row["state"] == CAUGHT]
        return {**earlier, "mutants": kept}
    return earlier


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="suite.automatic",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--size",
        type=int,
        default=int(os.environ.get("SAMPLE") or _SIZE),
        help=f"how many mutants to sample, half of each twin (SAMPLE, or {_SIZE})",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=int(os.environ.get("SEED") or _SEED),
        help=f"the seed of the sample, the same on any machine (SEED, or {_SEED})",
    )
    parser.add_argument("--at-once", type=int, default=2, help="how many to run in parallel")
    parser.add_argument(
        "--resume", action="store_true", help=f"resume an interrupted run from {REPORT.name}"
    )
    parser.add_argument(
        "--retry", action="store_true", help="resume, and run again on what was not caught"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--list", action="store_true", help="sample only, and run nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
