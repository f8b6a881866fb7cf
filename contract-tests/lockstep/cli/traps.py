"""`lockstep traps`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import click
from rich.console import Console

from lockstep.cli.click_ext import EXIT_CODES, Command, complete_files, option
from lockstep.cli.options import OUTPUT, SHARE, TARGETS, planned
from lockstep.cli.output import Output
from lockstep.cli.runner import carry_out
from lockstep.configuration import ConfigurationError, Plan
from lockstep.configuration.users import make_actors, user_of_headers
from lockstep.drivers.traps.catalogue_files import GeneralTrap, load_catalogue
from lockstep.raw_requests import TRAP_SECONDS
from lockstep.report.traps import print_catalogue
from lockstep.run import Run
from lockstep.transport.targets import Target

_EPILOG = f"""
\b
Examples:
  lockstep traps openapi.yaml --target old=http://localhost:8000 --target new=http://localhost:9000
  lockstep traps openapi.yaml --target old=... --target new=... --header 'Authorization: Bearer abc'
  lockstep traps openapi.yaml --target old=... --target new=... --area framing --area lines
  lockstep traps --list

{EXIT_CODES}"""


def _complete_areas(_ctx: click.Context, _parameter: click.Parameter, text: str) -> list[str]:
    return [area for area in _areas() if area.startswith(text)]


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("document", required=False, metavar="[SPEC]", shell_complete=complete_files)
@planned(TARGETS, SHARE, OUTPUT, takes=("document",))
@option(
    "--area",
    "areas",
    group="Requests",
    multiple=True,
    metavar="AREA",
    shell_complete=_complete_areas,
    help="Send only the traps of this area; repeatable. See --list.",
)
@option("--read-only", group="Requests", is_flag=True, help="Leave out traps that send POST.")
@option(
    "--list",
    "listed",
    group="Requests",
    is_flag=True,
    help="List the traps, without sending anything.",
)
def traps(
    plan: Plan, areas: tuple[str, ...], read_only: bool, listed: bool, output: Output
) -> None:
    """Send raw requests on which servers tend to differ.

    The traps are built in: request smuggling, unusual URLs, methods and headers, media types, JSON
    and numbers at the limits of parsers. SPEC, the OpenAPI document, determines where they are
    sent: a plain GET, a GET with a path parameter, one with an integer in its query, and a POST of
    JSON. Each difference is explained: why servers differ, what a standard says, and how severe it
    is. The reports are those of `lockstep run`.

    Traps with a POST may store data; --read-only leaves them out. Users log in as in `lockstep
    run`; without a user, traps on operations that require one end with a 401.
    """
    chosen = _chosen(areas, read_only=read_only)
    if listed:
        print_catalogue(chosen, Console())
        return
    carry_out(plan, partial(_drive, plan, chosen), output)


def _drive(plan: Plan, chosen: Sequence[GeneralTrap], work: Run, targets: Sequence[Target]) -> None:
    """Check that the targets respond and authenticate their user, and send them the traps."""
    if len(targets) < 2:
        raise ConfigurationError("at least two targets are needed")
    work.smoke(targets)
    caller = user_of_headers(targets, work.document)
    work.use(make_actors(plan.source, work.document) or ((caller,) if caller else ()))
    work.log_in(targets)
    work.spring_general(chosen, targets, plan.data.get("timeout", TRAP_SECONDS))


def _areas() -> list[str]:
    return list(dict.fromkeys(trap.area for trap in load_catalogue()))


def _chosen(areas: tuple[str, ...], *, read_only: bool) -> list[GeneralTrap]:
    every = load_catalogue()
    known = _areas()
    unknown = set(areas) - set(known)
    if unknown:
        raise click.BadParameter(f"must be one of {', '.join(known)}", param_hint="--area")
    wanted = [trap for trap in every if not areas or trap.area in areas]
    return [trap for trap in wanted if not (read_only and trap.writes)]
