"""`lockstep report`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from lockstep.cli.click_ext import EXIT_CODES, could_not_run
from lockstep.report.forms import FORMS, write
from lockstep.report.json_report import ReportError, read_report
from lockstep.report.merging import merge as merged
from lockstep.report.steps import Data
from lockstep.report.terminal import print_finding, print_report
from lockstep.report.traps import explained
from lockstep.schemas import load_schema
from lockstep.verdict import ALIKE, COULD_NOT_RUN, DIVERGED, FAIL_ON
from lockstep.warrant import load_warrant
from lockstep.warrant import merge as merge_warrants
from lockstep.warrant.forms import FORMS as WARRANT_FORMS
from lockstep.warrant.forms import markdown_text

_EPILOG = """\b
Examples:
  lockstep report build/report.json
  lockstep report build/report.json --html report.html --junit report.xml
  lockstep report build/report.json --markdown - >> "$GITHUB_STEP_SUMMARY"
  lockstep report build/report.json --finding 3 --script | bash -s http://localhost:8000
  lockstep report merge 1.json 2.json 3.json --json all.json --html all.html
  lockstep report --schema > report.schema.json

\b
Exit codes:
  0  the exit code of the run; or a script or the schema was printed
  1  the exit code of the run: the targets differ, or violate what --fail-on covers
  2  the exit code of the run: there was no verdict; or the file is not a report
"""
_MERGE_EPILOG = f"""\b
Examples:
  lockstep run openapi.yaml --target old=... --target new=... --shard 2/5 --json 2.json
  lockstep report merge 1.json 2.json 3.json 4.json 5.json --json all.json --html all.html

{EXIT_CODES}
It is also 2 if shards are missing that may have found more than the others, and if the reports do
not belong together.
"""
_WARRANT_EPILOG = """\b
Examples:
  lockstep report warrant http://127.0.0.1:9090
  lockstep report warrant http://10.0.0.1:9090 http://10.0.0.2:9090 --html warrant.html
  lockstep report warrant monday.json tuesday.json --json week.json --markdown -
  lockstep report warrant --schema > warrant.schema.json

\b
Exit codes:
  0  no compared response diverged
  1  a route diverged
  2  nothing was compared; or a source is no warrant, or not of the same document and targets
"""
_ENDINGS = {"markdown": "md"}
_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


class _Report(click.Group):
    """Shows a report by default, or runs a subcommand."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Treat an argument that is not a command as a file, or an option, of `show`."""
        return super().parse_args(
            ctx, args if args and args[0] in self.commands else ["show", *args]
        )


@click.group(cls=_Report, add_help_option=False, context_settings={"ignore_unknown_options": True})
def report() -> None:
    """Show a saved report, convert it, or merge those of several shards, or warrants."""


@report.command(epilog=_EPILOG)
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--html", type=_FILE, help="Write a self-contained HTML report.")
@click.option("--junit", type=_FILE, help="Write JUnit XML, for CI servers.")
@click.option("--markdown", type=_FILE, help="Write a Markdown summary, for CI pages.")
@click.option("--finding", type=click.IntRange(1), metavar="NUMBER", help="Show only this finding.")
@click.option(
    "--script",
    is_flag=True,
    help="With --finding: print its steps as a bash script for any fresh server.",
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of JSON reports.")
def show(
    file: Path | None, finding: int | None, script: bool, schema: bool, **wanted: Path | None
) -> None:
    """Show a saved report, or write it in other formats.

    FILE is what `lockstep run --json FILE` wrote. Without an option the report is printed as at
    the end of the run; `-` writes to the standard output. `lockstep report merge` makes one report
    of those of several shards.
    """
    if schema:
        click.echo(json.dumps(load_schema("report"), ensure_ascii=False, indent=2))
        return
    if file is None:
        raise click.UsageError("give the FILE of a report, or --schema")
    if script and finding is None:
        raise click.UsageError("--script needs --finding")
    with could_not_run(OSError, ReportError):
        data = read_report(file)
        if finding is not None:
            _show_one(data, _chosen(data, finding), script=script)
            sys.exit(0 if script else data["exit_code"])
        _end(data, wanted)


@report.command(epilog=_MERGE_EPILOG)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE...",
)
@click.option("--json", type=_FILE, help="Write the combined results to this file as JSON.")
@click.option("--html", type=_FILE, help="Write a self-contained HTML report.")
@click.option("--junit", type=_FILE, help="Write JUnit XML, for CI servers.")
@click.option("--markdown", type=_FILE, help="Write a Markdown summary, for CI pages.")
@click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    help="What fails the run with exit code 1.  [default: as in the shards]",
)
def merge(files: tuple[Path, ...], fail_on: str | None, **wanted: Path | None) -> None:
    """Merge the reports and verdicts of several shards.

    Each FILE is what `lockstep run --shard 2/5 --json FILE` wrote, one for each shard. A finding of
    several shards is reported once, with the best evidence. What no shard tested is not tested.
    """
    with could_not_run(OSError, ReportError):
        _end(merged([(str(path), read_report(path)) for path in files], fail_on), wanted)


@report.command(epilog=_WARRANT_EPILOG)
@click.argument("sources", nargs=-1, metavar="URL|FILE...")
@click.option("--json", type=_FILE, help="Write the warrant to this file as JSON.")
@click.option("--html", type=_FILE, help="Write it as a self-contained HTML page.")
@click.option("--markdown", type=_FILE, help="Write it as Markdown.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of warrants.")
def warrant(sources: tuple[str, ...], schema: bool, **wanted: Path | None) -> None:
    """Show what real traffic has proved of each route, over several proxies.

    Each source is the --admin address of a running proxy, or what --warrant or this command wrote
    as JSON. Counts and latencies are added up. Without an option the warrant is printed as
    Markdown; `-` writes to standard output.
    """
    if schema:
        click.echo(json.dumps(load_schema("warrant"), ensure_ascii=False, indent=2))
        return
    if not sources:
        raise click.UsageError("give the admin URL of a proxy, or a FILE, or --schema")
    with could_not_run(OSError, ValueError):
        merged_warrant = merge_warrants([load_warrant(source) for source in sources])
        files = {kind: path for kind, path in wanted.items() if path is not None}
        for kind, path in files.items():
            text = WARRANT_FORMS[f".{_ENDINGS.get(kind, kind)}"](merged_warrant)
            if str(path) == "-":
                click.echo(text, nl=False)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        if not files:
            click.echo(markdown_text(merged_warrant), nl=False)
    total = merged_warrant.total
    sys.exit(DIVERGED if total.diverged else ALIKE if total.compared else COULD_NOT_RUN)


def _end(data: Data, wanted: Mapping[str, Path | None]) -> NoReturn:
    """Write the requested formats, or print the report, and exit with its code."""
    files = {kind: path for kind, path in wanted.items() if path is not None}
    for kind, path in files.items():
        if str(path) == "-":
            click.echo(FORMS[kind](data), nl=False)
        else:
            write(data, kind, path)
    if not files:
        print_report(data, Console())
    sys.exit(data["exit_code"])


def _chosen(data: Data, number: int) -> Data:
    every: list[Data] = [*data["findings"], *data["seen_once"]]
    for finding in every:
        if finding["number"] == number:
            return finding
    raise ReportError(f"the report has {len(every)} findings; there is no number {number}")


def _show_one(data: Data, finding: Data, *, script: bool) -> None:
    if not script:
        print_finding(finding, Console(), explained(data, finding))
    elif finding["script"]:
        click.echo(finding["script"], nl=False)
    else:
        raise ReportError(f"finding {finding['number']} has no steps")
