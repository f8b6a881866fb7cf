"""From a plan to the verdict, for the commands that generate requests."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from lockstep.cli.click_ext import could_not_run
from lockstep.cli.output import Output, ReportsError, reporter, show
from lockstep.configuration import ConfigurationError, Plan
from lockstep.results.faults import one_line
from lockstep.run import Run, RunError
from lockstep.transport.targets import Target
from lockstep.verdict import COULD_NOT_RUN
from lockstep.warrant.forms import write


def carry_out(
    plan: Plan,
    drive: Callable[[Run, list[Target]], None],
    output: Output,
    *errors: type[Exception],
    warrants: Sequence[Path] = (),
) -> NoReturn:
    """Drive the targets of a plan, write its reports, and exit with the verdict's code.

    If real traffic was compared, the evidence is written to the files `warrants`. After Ctrl-C, or
    an internal error, the findings up to then are reported as an incomplete run. `errors` are
    raised for invalid input of the caller: they end the command with a line for each fault, unless
    there are findings already.
    """
    with could_not_run(OSError, RunError, ConfigurationError, *errors):
        targets = plan.targets()
        files = plan.outputs()
        with reporter(output) as progress:
            work = Run(plan.settings(), progress)
            work.notes += plan.notes
            with _interruptions() as noted:
                perform(work, targets, drive, *errors, debug=output.debug)
            if noted:
                work.could_not_run("interrupted: reporting the results so far")
        _end(work, files, output, warrants)


@contextmanager
def _interruptions() -> Iterator[list[int]]:
    """End at Ctrl-C, and note it, since a library may take it for the end of a part of its own."""
    noted: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, interrupt) if is_main else None
    try:
        yield noted
    except KeyboardInterrupt:
        noted.append(signal.SIGINT)
    finally:
        if is_main:
            signal.signal(signal.SIGINT, before)


def perform(
    work: Run,
    targets: list[Target],
    drive: Callable[[Run, list[Target]], None],
    *errors: type[Exception],
    debug: bool = False,
) -> None:
    """Drive targets, and close them. After a fault, the findings up to then are kept.

    Raises `RunError`, `ConfigurationError` and `errors` only if there are no findings yet.
    """
    expected: tuple[type[Exception], ...] = (RunError, ConfigurationError, *errors)
    try:
        work.listen(targets)
        drive(work, targets)
    except expected as error:
        if not len(work.ledger.findings):
            raise
        work.could_not_run(str(error))
    except Exception as error:
        work.ledger.faults.note("the run was aborted", error)
        work.could_not_run(_fault(error, debug=debug))
    finally:
        work.ledger.proxies.close()
        for target in targets:
            target.close()


def _end(work: Run, files: dict[str, str], output: Output, warrants: Sequence[Path]) -> NoReturn:
    verdict = None
    try:
        verdict = work.finish()
        for path in warrants:
            if work.warrant is not None:
                write(work.warrant, path)
        show(verdict, files, output)
    except (OSError, ReportsError) as error:
        click.echo(f"lockstep: {error}", err=True)
        sys.exit(COULD_NOT_RUN)
    except Exception as error:
        click.echo(f"lockstep: {_fault(error, debug=output.debug)}", err=True)
        sys.exit(COULD_NOT_RUN)
    finally:
        _tell_where(work, output)
    sys.exit(verdict.exit_code)


def _tell_where(work: Run, output: Output) -> None:
    """Print the traceback of each internal error, if `--debug` is given."""
    if output.debug:
        for sentence, trace in work.ledger.faults.traces.items():
            click.echo(f"{sentence}\n{trace}", err=True)


def _fault(error: Exception, *, debug: bool) -> str:
    """Return a sentence about an unexpected error, after printing its traceback if requested."""
    if debug:
        traceback.print_exception(error)
    hint = "" if debug else " (--debug: where)"
    return f"an internal error of lockstep: {one_line(error)}{hint}"
