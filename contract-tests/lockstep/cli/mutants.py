"""`lockstep mutants`: how much the drivers catch."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click
from rich.console import Console

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

# A matrix is wide, and output other than a terminal has no width.
_WIDTH_ELSEWHERE = 200


_EPILOG = """\b
Examples:
  lockstep mutants mutants --command 'python -m hunt' --driver stories --driver generated
  lockstep mutants mutants no-etag --command 'python -m hunt' --driver stories --all-drivers
  lockstep mutants mutants --command ./hunt --driver stories --json matrix.json --resume

\b
Exit codes:
  0  all were caught
  1  at least one survived
  2  at least one could not be run
"""


@click.command(epilog=_EPILOG)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("ids", nargs=-1)
@click.option("--command", required=True, help="The command to run, as COMMAND ID --driver DRIVER.")
@click.option(
    "--driver",
    "drivers",
    multiple=True,
    required=True,
    help="A driver to try; repeatable, tried in this order.",
)
@click.option(
    "--baseline", multiple=True, help="A driver to compare with, which does not count as caught."
)
@click.option("--tag", help="Run only mutants with this tag.")
@click.option(
    "--all-drivers", is_flag=True, help="Run all drivers, even after one has caught the mutant."
)
@click.option(
    "--at-once",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="The number of mutants to run in parallel.",
)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The root directory of the patched files.  [default: the working directory]",
)
@click.option(
    "--json",
    "report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the matrix to this file, as JSON.",
)
@click.option(
    "--resume", is_flag=True, help="Resume an interrupted run from the file given by --json."
)
def mutants(
    folder: Path,
    ids: tuple[str, ...],
    command: str,
    drivers: tuple[str, ...],
    baseline: tuple[str, ...],
    tag: str | None,
    all_drivers: bool,
    at_once: int,
    root: Path,
    report: Path | None,
    resume: bool,
) -> None:
    """Run drivers on deliberately broken servers, and see which driver catches them.

    FOLDER contains mutants as YAML: small patches, by file, find and replace or by SQL. IDS selects
    some of them. COMMAND builds, patches and runs the server for one mutant and one driver, and
    prints as its last line

    \b
      {"findings": ["GET /users: status"], "requests": 88, "seconds": 6.0}

    with no findings if the driver did not catch it. With the id `control` it runs without a mutant.
    """
    if resume and report is None:
        raise click.UsageError("--resume needs --json, the file to resume from")
    hunt = Hunt(
        command=shlex.split(command),
        drivers=drivers,
        baseline=baseline,
        at_once=at_once,
        all_drivers=all_drivers,
        progress=lambda text: click.echo(text, err=True),
        kept=lambda matrix: None if report is None else write_matrix(matrix, report),
    )
    try:
        chosen = choose(load_mutants(folder), root, ids, tag)
        matrix = hunt.run(chosen, read_matrix(report) if report and resume else None)
    except MutantError as error:
        click.echo(f"lockstep: {error}", err=True)
        sys.exit(COULD_NOT)
    print_matrix(matrix, Console(width=None if sys.stdout.isatty() else _WIDTH_ELSEWHERE))
    if report is not None:
        write_matrix(matrix, report)
    sys.exit(exit_code(matrix))
