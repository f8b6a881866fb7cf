"""`lockstep proxy`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from lockstep.cli.options import EXIT_CODES, parse_targets
from lockstep.proxy import ProxyError, ProxySettings, compare_traffic
from lockstep.proxy.settings import READS, Counts
from lockstep.report.json_report import write_json
from lockstep.report.progress import TerminalProgress
from lockstep.report.terminal import print_verdict
from lockstep.run import Run, RunError
from lockstep.settings import Settings
from lockstep.targets import Target
from lockstep.verdict import COULD_NOT_RUN

_EPILOG = f"""
\b
Examples:
  lockstep proxy openapi.yaml --target old=http://localhost:8000 --target new=http://localhost:9000
  lockstep proxy openapi.yaml --target old=... --target new=... --listen 127.0.0.1:8080 --sample 0.1
  lockstep proxy openapi.yaml --target old=... --target new=... --methods all --for 600

{EXIT_CODES}
"""


@click.command(epilog=_EPILOG)
@click.argument("spec")
@click.option(
    "--target",
    "names",
    multiple=True,
    required=True,
    metavar="NAME=URL",
    help="A server; two or more. Clients are answered by the first one.",
)
@click.option(
    "--listen",
    default="127.0.0.1:8080",
    show_default=True,
    metavar="HOST:PORT",
    help="Where clients connect; port 0 takes a free one.",
)
@click.option(
    "--methods",
    default=",".join(sorted(READS)),
    show_default=True,
    help="What is mirrored, or `all`: then the mirrors need states of their own.",
)
@click.option(
    "--sample",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="The share of the reads that is mirrored; writes are not left out.",
)
@click.option(
    "--mirror-timeout",
    type=click.FloatRange(0, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds that a mirror may take.",
)
@click.option("--for", "seconds", type=float, help="End after so many seconds.")
@click.option("--known", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "report", type=click.Path(dir_okay=False, path_type=Path))
def proxy(
    spec: str,
    names: tuple[str, ...],
    listen: str,
    methods: str,
    sample: float,
    mirror_timeout: float,
    seconds: float | None,
    known: Path | None,
    report: Path | None,
) -> None:
    """Stand before a server, and compare others with it under its own traffic.

    Any client can be the driver: a browser, an app, a load tool. It is answered by the first
    target, streamed as it comes. What the first target has answered is asked of the others on the
    side, with their own ids and tokens for its, and compared by SPEC. Nothing that they do reaches
    a client: when they are slow, requests are left out and counted.

    Ctrl-C ends it and shows the verdict. Credentials, cookies, passwords and tokens of users are
    masked in the reports; other personal data in bodies are not.
    """
    console = Console()
    targets = parse_targets(names)
    if len(targets) < 2:
        raise click.UsageError("Two targets or more are compared: --target NAME=URL.")
    for mirror in targets[1:]:
        mirror.timeout = mirror_timeout
    host, port = _address(listen)
    settings = ProxySettings(host, port, _methods(methods), sample, seconds=seconds)
    try:
        run = Run(Settings(spec, known_differences=known, require_coverage=False))
        with TerminalProgress(console) as progress:
            progress.stage("proxy")
            compare_traffic(run, targets, settings, _ready(console, targets), _told(progress))
        verdict = run.finish()
    except (RunError, ProxyError) as error:
        click.echo(f"lockstep: {error}", err=True)
        sys.exit(COULD_NOT_RUN)
    finally:
        for target in targets:
            target.close()
    print_verdict(verdict, console)
    if report is not None:
        write_json(verdict, report)
    sys.exit(verdict.exit_code)


def _ready(console: Console, targets: list[Target]) -> Callable[[str, Callable[[], None]], None]:
    leader, *mirrors = targets
    names = ", ".join(mirror.name for mirror in mirrors)

    def ready(url: str, _end: Callable[[], None]) -> None:
        console.print(f"{url} answers from {leader.name} and compares {names}", highlight=False)

    return ready


def _told(progress: TerminalProgress) -> Callable[[Counts], None]:
    return lambda counts: progress.progress(str(counts), counts.answered, None)


def _methods(text: str) -> frozenset[str] | None:
    return None if text == "all" else frozenset(part.strip().upper() for part in text.split(","))


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter("an address is HOST:PORT", param_hint="--listen")
    return host.strip("[]") or "0.0.0.0", int(port)
