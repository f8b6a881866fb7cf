"""`lockstep diff`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.console import Console

from lockstep.cli.click_ext import complete_files, could_not_run
from lockstep.diff import compare
from lockstep.diff.report import as_data, counts, print_changes, together
from lockstep.openapi.described import load_described
from lockstep.verdict import COULD_NOT_RUN

_EPILOG = """\b
Requests and responses are judged separately. A request breaks if fewer values are allowed: a
shorter maxLength, a new required member, a removed value. A response breaks clients if more values
are possible: a new null, a member that may now be missing, a new value of an enum.

\b
Examples:
  lockstep diff old.yaml new.yaml
  lockstep diff https://api.example.com/openapi.json openapi.yaml --all
  git show main:openapi.yaml > /tmp/main.yaml && lockstep diff /tmp/main.yaml openapi.yaml
  lockstep diff old.yaml new.yaml --json - | jq '.changes[] | select(.effect == "breaking")'

\b
Exit codes:
  0  clients of the older document are not affected
  1  they may break
  2  the documents, or a part of them, could not be compared
"""
_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


@click.command(epilog=_EPILOG)
@click.argument("old", shell_complete=complete_files)
@click.argument("new", shell_complete=complete_files)
@click.option("--all", "everything", is_flag=True, help="List changes of texts too.")
@click.option(
    "--strict",
    is_flag=True,
    help="Treat new response members as breaking if the older document allowed no additional ones.",
)
@click.option(
    "--json",
    "report",
    type=_FILE,
    help="Write all changes to this file as JSON; - writes only them, to standard output.",
)
def diff(old: str, new: str, everything: bool, strict: bool, report: Path | None) -> None:
    """List the changes between two documents, and whether they break clients.

    OLD and NEW are files or URLs of documents, Swagger 2.0 or OpenAPI 3.0 to 3.2: two versions of
    one document, or those of a server and its replacement. References, `allOf` and the ways to
    write a nullable value make no difference. Each change is listed as a sentence, with its places
    and a pointer into the newer document, or into the older one for what was removed.
    """
    with could_not_run(OSError, ValueError):
        (older, unread), (newer, also_unread) = load_described(old), load_described(new)
        uncompared: list[str] = []
        alike = together(compare(older, newer, strict=strict, unread=uncompared))
        problems = dict.fromkeys([*unread, *also_unread, *uncompared])
        for problem in problems:
            click.echo(f"lockstep: not compared: {problem}", err=True)
        if report is not None:
            text = json.dumps(as_data(old, new, alike), ensure_ascii=False, indent=2) + "\n"
            with click.open_file(str(report), "w", encoding="utf-8") as file:
                file.write(text)
    if str(report) != "-":
        print_changes(alike, Console(), everything=everything)
    breaking = counts(alike)["breaking"]
    sys.exit(1 if breaking else COULD_NOT_RUN if problems else 0)
