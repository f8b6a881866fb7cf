"""`lockstep proxy`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from lockstep.cli.click_ext import EXIT_CODES, Command, complete_files, could_not_run, option
from lockstep.cli.options import OUTPUT, TARGETS, planned
from lockstep.cli.output import Output
from lockstep.cli.runner import carry_out
from lockstep.configuration import ConfigurationError, Plan
from lockstep.proxy import ProxyError, ProxySettings
from lockstep.proxy.settings import READS
from lockstep.run import Run
from lockstep.transport.targets import Target

Ready = Callable[[str, Callable[[], None]], None]

# What the extra `proxy` installs.
_EXTRA = frozenset({"aiohttp", "multidict", "yarl"})
_EPILOG = f"""
\b
Examples:
  lockstep proxy openapi.yaml --target old=http://localhost:8000 --target new=http://localhost:9000
  lockstep proxy openapi.yaml --target old=... --target new=... --listen 127.0.0.1:8080 --sample 0.1
  lockstep proxy openapi.yaml --target old=... --target new=... --methods all --for 600

{EXIT_CODES}"""


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("document", required=False, metavar="[SPEC]", shell_complete=complete_files)
@planned(TARGETS, OUTPUT, takes=("document",))
@option(
    "--listen",
    group="Proxy",
    default="127.0.0.1:8080",
    show_default=True,
    metavar="HOST:PORT",
    help="The address to listen on; port 0 picks a free one.",
)
@option(
    "--methods",
    group="Proxy",
    default=",".join(sorted(READS)),
    show_default=True,
    metavar="NAMES",
    help="The methods to mirror, or `all`: then the targets must not share state.",
)
@option(
    "--sample",
    group="Proxy",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    default=1.0,
    show_default=True,
    help="The fraction of reads to mirror; writes are always mirrored.",
)
@option(
    "--mirror-timeout",
    group="Proxy",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="The timeout of mirrored requests.  [default: as --timeout]",
)
@option(
    "--for",
    "seconds",
    group="Proxy",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Stop after this time.  [default: on Ctrl-C or SIGTERM]",
)
def proxy(
    plan: Plan,
    listen: str,
    methods: str,
    sample: float,
    mirror_timeout: float | None,
    seconds: float | None,
    output: Output,
) -> None:
    """Proxy the traffic of a server, and compare others with it.

    Any client can be the driver: a browser, an app, a load generator. Responses come from the first
    target and are streamed. Each request is then mirrored to the others, with their own ids and
    tokens, and the responses are compared using SPEC. Mirroring never affects a client: if the
    others are slow, requests are skipped and counted.

    Ctrl-C stops it and shows the verdict. Credentials, cookies, passwords and tokens of users are
    masked in the reports; other personal data in bodies is not.
    """
    host, port = _address(listen)
    settings = ProxySettings(host, port, _methods(methods), sample, seconds=seconds)
    with could_not_run(ProxyError):
        compare_traffic = _stage()

    def drive(work: Run, targets: list[Target]) -> None:
        if len(targets) < 2:
            raise ConfigurationError("at least two targets are needed: --target NAME=URL")
        for mirror in targets[1:]:
            mirror.timeout = mirror_timeout or mirror.timeout
        compare_traffic(work, targets, settings, _ready(targets))

    carry_out(plan, drive, output, ProxyError)


def _stage() -> Callable[[Run, Sequence[Target], ProxySettings, Ready], object]:
    """What runs the proxy; `ProxyError` if the libraries that only it needs are missing."""
    try:
        from lockstep.proxy.stage import compare_traffic
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        raise ProxyError(
            f"the proxy needs {error.name}, which is not installed: "
            "pip install 'lockstep-http[proxy]'"
        ) from error
    return compare_traffic


def _ready(targets: list[Target]) -> Ready:
    leader, *mirrors = targets
    names = ", ".join(mirror.name for mirror in mirrors)

    def ready(url: str, _end: Callable[[], None]) -> None:
        click.echo(f"{url} answers from {leader.name} and compares {names}", err=True)

    return ready


def _methods(text: str) -> frozenset[str] | None:
    return None if text == "all" else frozenset(part.strip().upper() for part in text.split(","))


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter("must be HOST:PORT", param_hint="--listen")
    return host.strip("[]") or "0.0.0.0", int(port)
