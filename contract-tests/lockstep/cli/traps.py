"""`lockstep traps`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from lockstep.cli.click_ext import EXIT_CODES, Command, could_not_run, option
from lockstep.cli.options import TARGETS, planned
from lockstep.configuration import ConfigurationError, Plan
from lockstep.configuration.users import make_actors, user_of_headers
from lockstep.drivers.traps.catalogue_files import GeneralTrap, load_catalogue
from lockstep.drivers.traps.general import GeneralRun
from lockstep.drivers.traps.places import find_places
from lockstep.drivers.traps.raw import TrapResult
from lockstep.report.traps import differing, print_catalogue, print_traps, write_traps
from lockstep.run import Run, RunError
from lockstep.transport.messages import Request
from lockstep.transport.targets import Target
from lockstep.verdict import ALIKE, DIVERGED

# A request that is waited for this long is not read.
TIMEOUT = 3.0
_EPILOG = f"""
\b
Examples:
  lockstep traps openapi.yaml --target old=http://localhost:8000 --target new=http://localhost:9000
  lockstep traps openapi.yaml --target old=... --target new=... --header 'Authorization: Bearer abc'
  lockstep traps openapi.yaml --target old=... --target new=... --area framing --area lines
  lockstep traps --list

{EXIT_CODES}"""


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("document", required=False, metavar="[SPEC]")
@planned(TARGETS, takes=("document",))
@option(
    "--area", "areas", group="Requests", multiple=True, help="Only this area's traps; repeatable."
)
@option("--read-only", group="Requests", is_flag=True, help="Leave out the traps that POST.")
@option("--list", "listed", group="Requests", is_flag=True, help="Print the traps, send nothing.")
@option(
    "--json",
    "report",
    group="Reports",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="All results.",
)
def traps(
    plan: Plan, areas: tuple[str, ...], read_only: bool, listed: bool, report: Path | None
) -> None:
    """Send every server the requests that servers answer differently by nature.

    The traps come with lockstep: framing that lets a request hide in another, odd URLs, verbs and
    headers, media types, JSON and numbers at the edge of what parsers take. SPEC, the OpenAPI
    document, says where to send them: a plain GET, a GET with a path parameter, one with a whole
    number in its query, and a POST of JSON. What differs is explained: why servers differ there,
    what a standard says (✓ and ✗ tell who agrees), and how grave it is.

    The traps with a POST may store something; --read-only leaves them out. Who logs in is found as
    in `lockstep run`; where nobody does, the traps of operations that ask for it end at a 401.
    """
    console = Console()
    chosen = _chosen(areas, read_only=read_only)
    if listed:
        print_catalogue(chosen, console)
        return
    with could_not_run(RunError, ConfigurationError):
        targets = plan.targets()
        if len(targets) < 2:
            raise ConfigurationError("two targets or more are compared")
        try:
            run = _prepared(plan, targets, posts=any(trap.place == "post" for trap in chosen))
        finally:
            for target in targets:
                target.close()
    springing: Iterable[TrapResult] = run.spring(chosen)
    if console.is_terminal:
        springing = track(springing, "traps", len(chosen), console=console, transient=True)
    results = list(springing)
    print_traps(results, run, console)
    if report is not None:
        write_traps(results, run, report)
    sys.exit(DIVERGED if differing(results) else ALIKE)


def _prepared(plan: Plan, targets: list[Target], *, posts: bool) -> GeneralRun:
    """Targets that are there and know their user, and where to send traps."""
    work = Run(plan.settings())
    work.smoke(targets)
    caller = user_of_headers(targets, work.document)
    work.use(make_actors(plan.source, work.document) or ((caller,) if caller else ()))
    work.log_in(targets)
    tokens = work.tokens(targets)
    for target in targets:
        if tokens:
            credential = work.settings.actors[0].credential
            signed = credential.put(Request("GET", "/"), tokens[target.name])
            own = {name.lower() for name, _ in signed.headers}
            kept = [item for item in target.headers if item[0].lower() not in own]
            target.headers = (*kept, *signed.headers)
        target.timeout = plan.data.get("timeout", TIMEOUT)
    return GeneralRun(targets, find_places(work.document, signed_in=bool(tokens), posts=posts))


def _chosen(areas: tuple[str, ...], *, read_only: bool) -> list[GeneralTrap]:
    every = load_catalogue()
    known = list(dict.fromkeys(trap.area for trap in every))
    unknown = set(areas) - set(known)
    if unknown:
        raise click.BadParameter(f"there are {', '.join(known)}", param_hint="--area")
    wanted = [trap for trap in every if not areas or trap.area in areas]
    return [trap for trap in wanted if not (read_only and trap.writes)]
