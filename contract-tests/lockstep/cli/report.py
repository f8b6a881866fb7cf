"""`lockstep report`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from lockstep.report.html import html_text
from lockstep.report.json_report import ReportError, read_report
from lockstep.report.junit import junit_text
from lockstep.report.markdown import markdown_text
from lockstep.report.steps import Data
from lockstep.report.terminal import print_report
from lockstep.verdict import COULD_NOT_RUN

_EPILOG = """\b
Examples:
  lockstep report build/report.json
  lockstep report build/report.json --html report.html --junit report.xml
  lockstep report build/report.json --markdown - >> "$GITHUB_STEP_SUMMARY"

The exit code is that of the run: 0 the targets are alike, 1 they diverge or break the document,
2 the run could not be done. It is 2 also where the file is no report.
"""
_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


@click.command(epilog=_EPILOG)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--html", type=_FILE, help="One page for a browser; it asks no other host.")
@click.option("--junit", type=_FILE, help="JUnit XML for a CI server.")
@click.option("--markdown", type=_FILE, help="A summary for the page of a CI run.")
def report(file: Path, html: Path | None, junit: Path | None, markdown: Path | None) -> None:
    """Show a saved report, or write it in other forms.

    FILE is what `lockstep run --json FILE` wrote. Without an option the report is printed as at
    the end of the run; `-` writes to the standard output.
    """
    try:
        data = read_report(file)
        wanted = ((html, html_text), (junit, junit_text), (markdown, markdown_text))
        for path, text in wanted:
            if path is not None:
                _write(path, text, data)
    except (OSError, ReportError) as error:
        click.echo(f"lockstep: {error}", err=True)
        sys.exit(COULD_NOT_RUN)
    if not any((html, junit, markdown)):
        print_report(data, Console())
    sys.exit(data["exit_code"])


def _write(path: Path, text: Callable[[Data], str], data: Data) -> None:
    if str(path) == "-":
        click.echo(text(data), nl=False)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(data), encoding="utf-8")
