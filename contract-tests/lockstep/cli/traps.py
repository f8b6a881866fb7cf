"""`lockstep traps`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from lockstep.catalogue import GeneralTrap, load_catalogue
from lockstep.cli.options import EXIT_CODES, parse_targets
from lockstep.document import Document
from lockstep.drivers.general import GeneralRun
from lockstep.drivers.raw import TrapResult
from lockstep.messages import NoResponse, Request
from lockstep.places import find_places
from lockstep.report.traps import differing, print_catalogue, print_traps, write_traps
from lockstep.targets import Target
from lockstep.verdict import ALIKE, COULD_NOT_RUN, DIVERGED

_EPILOG = f"""
\b
Examples:
  lockstep traps openapi.yaml --target old=http://localhost:8000 --target new=http://localhost:9000
  lockstep traps openapi.yaml --target old=... --target new=... --header 'Authorization: Bearer abc'
  lockstep traps openapi.yaml --target old=... --target new=... --area framing --area lines
  lockstep traps --list

{EXIT_CODES}
"""


@click.command(epilog=_EPILOG)
@click.argument("document", required=False, metavar="DOCUMENT")
@click.option("--target", "names", multiple=True, metavar="NAME=URL", help="A server; two or more.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="Sent with every request, to every server: a token, say.",
)
@click.option("--area", "areas", multiple=True, help="Only the traps of this area; repeatable.")
@click.option("--read-only", is_flag=True, help="Leave out the traps that POST.")
@click.option("--list", "listed", is_flag=True, help="Print the traps and send nothing.")
@click.option("--timeout", default=3.0, show_default=True, help="Seconds to wait for an answer.")
@click.option("--json", "report", type=click.Path(dir_okay=False, path_type=Path))
def traps(
    document: str | None,
    names: tuple[str, ...],
    headers: tuple[str, ...],
    areas: tuple[str, ...],
    read_only: bool,
    listed: bool,
    timeout: float,
    report: Path | None,
) -> None:
    """Send every server the requests that servers answer differently by nature.

    The traps come with lockstep: framing that lets a request hide in another, odd URLs, verbs and
    headers, media types, JSON and numbers at the edge of what parsers take. DOCUMENT, an OpenAPI
    file or URL, says where to send them: a plain GET, a GET with a path parameter, one with a whole
    number in its query, and a POST of JSON. What differs is explained: why servers differ there,
    what a standard says (✓ and ✗ tell who agrees), and how grave it is.

    The traps with a POST may store something; --read-only leaves them out. Where an operation needs
    a log-in, send a token with --header: without one, most of its traps end at a 401.
    """
    console = Console()
    chosen = _chosen(areas, read_only=read_only)
    if listed:
        print_catalogue(chosen, console)
        return
    targets = _targets(names, headers, timeout)
    if document is None:
        raise click.UsageError("DOCUMENT is missing.")
    try:
        read = Document.load(document)
    except (OSError, ValueError) as error:
        raise _CouldNotRunError(str(error)) from error
    _reach(targets)
    signed_in = any(name.lower() in ("authorization", "cookie") for name, _ in targets[0].headers)
    places = find_places(
        read, signed_in=signed_in, posts=any(trap.place == "post" for trap in chosen)
    )
    run = GeneralRun(targets, places)
    springing: Iterable[TrapResult] = run.spring(chosen)
    if console.is_terminal:
        springing = track(springing, "traps", len(chosen), console=console, transient=True)
    results = list(springing)
    print_traps(results, run, console)
    if report is not None:
        write_traps(results, run, report)
    sys.exit(DIVERGED if differing(results) else ALIKE)


class _CouldNotRunError(click.ClickException):
    exit_code = COULD_NOT_RUN


def _chosen(areas: tuple[str, ...], *, read_only: bool) -> list[GeneralTrap]:
    every = load_catalogue()
    known = list(dict.fromkeys(trap.area for trap in every))
    unknown = set(areas) - set(known)
    if unknown:
        raise click.BadParameter(f"there are {', '.join(known)}", param_hint="--area")
    wanted = [trap for trap in every if not areas or trap.area in areas]
    return [trap for trap in wanted if not (read_only and trap.writes)]


def _targets(names: tuple[str, ...], headers: tuple[str, ...], timeout: float) -> list[Target]:
    targets = parse_targets(names)
    if len(targets) < 2:
        raise click.UsageError("Two targets or more are compared: --target NAME=URL.")
    given = [text.partition(":") for text in headers]
    if not all(colon for _, colon, _ in given):
        raise click.BadParameter("a header is 'NAME: VALUE'", param_hint="--header")
    for target in targets:
        target.timeout = timeout
        target.headers += tuple((name.strip(), value.strip()) for name, _, value in given)
    return targets


def _reach(targets: list[Target]) -> None:
    """Tell a server that is not there from servers that differ."""
    for target in targets:
        outcome = target.send(Request("GET", "/"))
        target.close()
        if isinstance(outcome, NoResponse):
            raise _CouldNotRunError(f"{target.name} at {target.base_url}: {outcome.reason}")
