"""`lockstep cutover`."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

import click

from lockstep.cli.click_ext import Command, could_not_run, option
from lockstep.cli.output import Output, Terminal, reporter
from lockstep.configuration import ConfigurationError
from lockstep.cutover.judging import Judges
from lockstep.cutover.outlook import dry_run as dry_run_lines
from lockstep.cutover.outlook import status as status_lines
from lockstep.cutover.plan import CutoverPlan, read_plan
from lockstep.cutover.ramp import CutoverError, Ramp, Result
from lockstep.cutover.report import FORMS, as_data, sentences
from lockstep.cutover.routers import Caddy, FileRouter, Router, RouterError
from lockstep.cutover.state import State, StateError, StateFile, UnderWayError, now
from lockstep.report.sanitize import visible
from lockstep.schemas.saved import json_text

ARRIVED, WENT_BACK, COULD_NOT_RUN = 0, 1, 2

_EPILOG = """\b
Two proxies judge the ramp, each before one of the targets, and the router sends shares to them:
  lockstep proxy openapi.yaml --target old=... --target new=... --listen :8081 --admin :9091
  lockstep proxy openapi.yaml --target new=... --target old=... --listen :8082 --admin :9092

\b
Examples:
  lockstep cutover cutover.toml --dry-run
  lockstep cutover cutover.toml --json cutover.json --html cutover.html
  lockstep cutover cutover.toml --status
  lockstep cutover cutover.toml --back
  lockstep cutover cutover.toml --config-for 25

The plan is described in the README. Its schema is lockstep/schemas/cutover.schema.json, that of the
report cutover_report.schema.json. Ctrl-C and
SIGTERM leave the traffic where it is; run the same command again to resume.

\b
Exit codes:
  0  the new target has all traffic (--back: the old one has)
  1  a warrant did not hold, and all traffic is back at the old target
  2  it could not run, or was stopped: the traffic was not moved
"""
_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("file", metavar="PLAN", type=click.Path(dir_okay=False, path_type=Path))
@option("--dry-run", group="Ramp", is_flag=True, help="Show what would be done, step by step.")
@option(
    "--status",
    group="Ramp",
    is_flag=True,
    help="Show the progress of the ramp, without moving traffic.",
)
@option("--back", group="Ramp", is_flag=True, help="Move all traffic back to the old target.")
@option(
    "--config-for",
    group="Ramp",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Print the router configuration for this share, without moving traffic.",
)
@option(
    "--json", "json_", group="Reports", type=_FILE, help="Write a report as JSON; - for stdout."
)
@option("--markdown", group="Reports", type=_FILE, help="Write a Markdown report.")
@option("--html", group="Reports", type=_FILE, help="Write an HTML report.")
@option("--quiet", group="Reports", is_flag=True, help="Print only the outcome.")
def cutover(
    file: Path,
    dry_run: bool,
    status: bool,
    back: bool,
    config_for: float | None,
    json_: Path | None,
    markdown: Path | None,
    html: Path | None,
    quiet: bool,
) -> None:
    """Move live traffic to a new target, step by step, as long as the warrants hold.

    PLAN is a TOML file: the targets, the proxies that judge (`lockstep proxy --admin`), the router
    (Caddy's admin API, or a file for nginx, HAProxy or Envoy), the steps, and what must hold at
    each. If a response of the new target diverges or fails, or a bound is exceeded, all traffic
    returns to the old target at once, and the report shows the finding that caused it.
    """
    if sum((dry_run, status, back, config_for is not None)) > 1:
        raise click.UsageError("--dry-run, --status, --back and --config-for cannot be combined")
    with could_not_run(ConfigurationError, CutoverError, RouterError, StateError):
        plan = read_plan(file)
        router = _router(plan)
        state_file = StateFile(plan.state)
        if config_for is not None:
            click.echo(router.configuration(config_for), nl=False)
            return
        if back:
            _back(plan, router, state_file)
            return
        with closing(Judges(plan)) as judges:
            if dry_run or status:
                reading = judges.ask()
                lines = (
                    dry_run_lines(plan, router, reading)
                    if dry_run
                    else status_lines(plan, router, reading, state_file.load())
                )
                for line in lines:
                    click.echo(visible(line))
                return
            result = _ramp(plan, router, judges, state_file, Output(quiet=quiet))
    data = as_data(plan, result)
    files = {"json": json_, "markdown": markdown, "html": html}
    failed = list(_written(data, {kind: path for kind, path in files.items() if path}))
    if json_ is not None and str(json_) == "-":
        click.echo(json_text(data), nl=False)
    else:
        _print(data)
    for line in failed:
        click.echo(f"lockstep: {line}", err=True)
    endings = {"arrived": ARRIVED, "back": WENT_BACK, "stopped": COULD_NOT_RUN}
    sys.exit(COULD_NOT_RUN if failed else endings[result.ending])


def _router(plan: CutoverPlan) -> Router:
    kind = Caddy if plan.router.kind == "caddy" else FileRouter
    return kind(plan.router, plan.old, plan.new, plan.sticky)


def _ramp(
    plan: CutoverPlan, router: Router, judges: Judges, file: StateFile, output: Output
) -> Result:
    stop = threading.Event()
    with file.locked(), _stopped_by_signals(stop), reporter(output) as progress:
        return Ramp(plan, router, judges, file, progress, stop).run()


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _back(plan: CutoverPlan, router: Router, file: StateFile) -> None:
    """Set the share to 0, even while another process ramps, which detects this and ends."""
    router.move(0)
    click.echo(f"{plan.old} has all traffic.")
    try:
        with file.locked():
            state = file.load() or State(plan.digest, began=now())
            state.phase, state.step, state.percent = "back", 0, 0.0
            state.note("rolled back by --back")
            file.save(state)
    except UnderWayError:
        click.echo("This ends the current ramp.", err=True)


def _written(data: Mapping[str, object], files: Mapping[str, Path]) -> Iterator[str]:
    for kind, path in files.items():
        if str(path) == "-":
            continue
        try:
            path.write_text(FORMS[kind](data), encoding="utf-8")
        except OSError as error:
            yield f"{path} cannot be written: {(error.strerror or str(error)).lower()}"


def _print(data: Mapping[str, object]) -> None:
    console = Terminal()
    for line in sentences(data):
        console.print(visible(line), markup=False, highlight=False, soft_wrap=True)
