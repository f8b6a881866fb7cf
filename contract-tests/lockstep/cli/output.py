"""Shows the progress of a run, and writes its results."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from lockstep.report.data import as_data
from lockstep.report.forms import write
from lockstep.report.json_report import json_text
from lockstep.report.progress import TerminalProgress
from lockstep.report.steps import Data
from lockstep.report.terminal import print_report
from lockstep.results.faults import one_line
from lockstep.verdict import ALIKE, Verdict


@dataclass(frozen=True, slots=True)
class Output:
    """What is printed: only problems if `quiet`, tracebacks of internal errors if `debug`."""

    quiet: bool = False
    show_secrets: bool = False
    debug: bool = False


class ReportsError(Exception):
    """Some reports could not be written; the message says which, and why."""


class Quiet:
    """A reporter that shows no progress."""

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def stage(self, title: str) -> None:
        """Start a stage."""

    def progress(self, text: str, done: int, total: int | None) -> None:
        """Report progress of the stage."""


class Terminal(Console):
    """Standard output; if its reader is gone, as with `| head`, the rest is dropped.

    The exit code stays that of the verdict.
    """

    def on_broken_pipe(self) -> None:
        """Print nothing from now on, and nothing when the interpreter flushes at exit."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def reporter(output: Output) -> TerminalProgress | Quiet:
    """Return a reporter on standard error, as standard output is for results."""
    return Quiet() if output.quiet else TerminalProgress(Console(stderr=True))


def show(verdict: Verdict, files: Mapping[str, str], output: Output) -> None:
    """Write the reports and print the verdict; standard output is for JSON if requested.

    `files` maps kinds of reports to files, `-` being standard output. Raises `OSError`, and
    `ReportsError` after all other output is written.
    """
    data = as_data(verdict, show_secrets=output.show_secrets)
    failed = list(_written(data, files))
    if files.get("json") == "-":
        _echo(json_text(data))
    elif not (output.quiet and verdict.exit_code == ALIKE):
        print_report(data, Terminal())
    if failed:
        raise ReportsError("; ".join(failed))


def _written(data: Data, files: Mapping[str, str]) -> Iterator[str]:
    """Write the reports, and yield a sentence for each failure."""
    for kind, name in files.items():
        if name == "-":
            continue
        try:
            write(data, kind, Path(name))
        except OSError as error:
            yield f"{name} cannot be written: {(error.strerror or str(error)).lower()}"
        except Exception as error:  # The other reports are written all the same.
            yield f"{name} cannot be written: {one_line(error)}"


def _echo(text: str) -> None:
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        Terminal().on_broken_pipe()
