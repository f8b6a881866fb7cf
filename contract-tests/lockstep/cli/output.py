"""Shows how a run goes on, and writes what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from lockstep.report.data import as_data
from lockstep.report.html import write_html
from lockstep.report.json_report import json_text, write_json
from lockstep.report.junit import write_junit
from lockstep.report.markdown import write_markdown
from lockstep.report.progress import TerminalProgress
from lockstep.report.terminal import print_verdict
from lockstep.verdict import ALIKE, Verdict

_WRITERS: dict[str, Callable[[Verdict, Path], None]] = {
    "json": write_json,
    "html": write_html,
    "junit": write_junit,
    "markdown": write_markdown,
}


class Quiet:
    """Tells nobody how the run goes on."""

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def stage(self, title: str) -> None:
        """A stage begins."""

    def progress(self, text: str, done: int, total: int | None) -> None:
        """Something of the stage is done."""


def reporter(*, quiet: bool) -> TerminalProgress | Quiet:
    """Who is told how the run goes on: standard error, so that standard output is for results."""
    return Quiet() if quiet else TerminalProgress(Console(stderr=True))


def show(verdict: Verdict, outputs: dict[str, str], *, quiet: bool = False) -> None:
    """Print the verdict and write the reports; standard output is for JSON if it was asked to be.

    `outputs` maps kinds of reports to files, `-` being standard output; `quiet` prints only what is
    wrong.
    """
    to_stdout = outputs.get("json") == "-"
    if not to_stdout and not (quiet and verdict.exit_code == ALIKE):
        print_verdict(verdict, Console())
    for kind, name in outputs.items():
        if name == "-":
            continue
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[kind](verdict, path)
    if to_stdout:
        click.echo(json_text(as_data(verdict)), nl=False)
