"""`lockstep proxy`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lockstep.cli.click_ext import EXIT_CODES, Command, complete_files, could_not_run, option
from lockstep.cli.options import OUTPUT, TARGETS, planned, warrant_option
from lockstep.cli.output import Output
from lockstep.cli.runner import carry_out
from lockstep.configuration import ConfigurationError, Plan
from lockstep.proxy import ProxyError, ProxySettings
from lockstep.proxy.settings import READS, Kept
from lockstep.run import Run
from lockstep.transport.targets import Target

Ready = Callable[[str, Callable[[], None]], None]

# Modules installed by the extra `proxy`.
_EXTRA = frozenset({"aiohttp", "multidict", "prometheus_client", "yarl"})
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_EPILOG = f"""
\b
Examples:
  lockstep proxy openapi.yaml --target old=http://localhost:8000 --target new=http://localhost:9000
  lockstep proxy openapi.yaml --target old=... --target new=... --listen 0.0.0.0:8080 --sample 0.1
  lockstep proxy openapi.yaml --target old=... --target new=... --admin 127.0.0.1:9090
  lockstep proxy openapi.yaml --target old=... --target new=... --methods all --separate-state
  lockstep report warrant http://127.0.0.1:9090 http://127.0.0.1:9091 --html warrant.html

{EXIT_CODES}"""


class _Address(click.ParamType[tuple[str, int]]):
    """HOST:PORT; IPv6 addresses are in brackets."""

    name = "address"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> tuple[str, int]:
        """Return host and port; another format is a usage error."""
        if isinstance(value, tuple):
            return value
        host, colon, port = str(value).rpartition(":")
        if not colon or not port.isdigit() or int(port) > 65535:
            self.fail("must be HOST:PORT")
        return host.strip("[]") or "0.0.0.0", int(port)


class _Duration(click.ParamType[float]):
    """A duration such as `90s`, `30m`, `12h` or `7d`; a number alone is in seconds."""

    name = "duration"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> float:
        """Return the seconds; another format is a usage error."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", str(value))
        if found is None:
            self.fail("must be a time such as 90s, 30m, 12h or 7d")
        return float(found[1]) * _UNITS[found[2] or "s"]


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("document", required=False, metavar="[SPEC]", shell_complete=complete_files)
@planned(TARGETS, OUTPUT, takes=("document",))
@warrant_option
@option(
    "--listen",
    group="Proxy",
    type=_Address(),
    default="127.0.0.1:8080",
    show_default=True,
    metavar="HOST:PORT",
    help="The address to listen on; port 0 picks a free one.",
)
@option(
    "--admin",
    group="Proxy",
    type=_Address(),
    metavar="HOST:PORT",
    help="An address of its own for /metrics (Prometheus), /warrant, /warrant.html, /warrant.md "
    "and /healthz.  [default: none]",
)
@option(
    "--methods",
    group="Proxy",
    default=",".join(sorted(READS)),
    show_default=True,
    metavar="NAMES",
    help="The methods to mirror, or `all`. Methods other than GET and HEAD need --separate-state.",
)
@option(
    "--separate-state",
    group="Proxy",
    is_flag=True,
    help="State that each target has a database of its own, so that writes may be mirrored; the "
    "same as `own_database = true` of each in the configuration.",
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
    "--queue",
    group="Proxy",
    type=click.IntRange(1),
    metavar="NUMBER",
    default=256,
    show_default=True,
    help="How many requests may wait to be compared; further ones are skipped and counted.",
)
@option(
    "--for",
    "seconds",
    group="Proxy",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Stop after this time.  [default: on Ctrl-C or SIGTERM]",
)
@option(
    "--keep",
    group="Privacy",
    type=click.Choice(["masked", "none"]),
    default="masked",
    show_default=True,
    help="What to store of the requests and responses of findings: everything except secret and "
    "personal data, or only counts.",
)
@option(
    "--keep-requests",
    group="Privacy",
    type=click.IntRange(1),
    metavar="NUMBER",
    default=100,
    show_default=True,
    help="For how many findings, the most recent ones, to store requests and responses.",
)
@option(
    "--keep-age",
    group="Privacy",
    type=_Duration(),
    metavar="TIME",
    default="7d",
    show_default=True,
    help="How long to store them after the finding was last seen, such as 12h.",
)
def proxy(
    plan: Plan,
    listen: tuple[str, int],
    admin: tuple[str, int] | None,
    methods: str,
    separate_state: bool,
    sample: float,
    mirror_timeout: float | None,
    queue: int,
    seconds: float | None,
    keep: str,
    keep_requests: int,
    keep_age: float,
    warrants: tuple[Path, ...],
    output: Output,
) -> None:
    """Proxy the traffic of a server, and compare others with it.

    Any client can be the driver: a browser, an app, a load generator. Responses come from the first
    target and are streamed. Each request is then mirrored to the others, with their own ids and
    tokens, and the responses are compared using SPEC, in a process of its own. Mirroring never
    affects a client: if the others are slow, requests are shed and counted.

    Ctrl-C stops it and shows the verdict. What was proved of each route is its warrant: --warrant
    writes it at the end, --admin shows it meanwhile, and `lockstep report warrant` merges those of
    several proxies. Credentials, cookies, passwords, tokens and email addresses of users are
    masked in all of them; other personal data is not recognised: use --keep none to store none.
    """
    settings = ProxySettings(
        *listen,
        _methods(methods),
        sample,
        queue=queue,
        seconds=seconds,
        admin=admin,
        kept=Kept(keep_requests if keep == "masked" else 0, keep_age),
        gives_way=True,
    )
    with could_not_run(ProxyError, ConfigurationError):
        compare_traffic = _stage()
        sharing = [] if separate_state or not settings.mirrors_writes else plan.sharing()
        if sharing:
            raise ConfigurationError(_refusal(methods, sharing))

    def drive(work: Run, targets: list[Target]) -> None:
        if len(targets) < 2:
            raise ConfigurationError("at least two targets are needed: --target NAME=URL")
        for mirror in targets[1:]:
            mirror.timeout = mirror_timeout or mirror.timeout
        compare_traffic(work, targets, settings, _ready(targets), _say)

    carry_out(plan, drive, output, ProxyError, warrants=warrants)


def _stage() -> Callable[..., object]:
    """Return the function that runs the proxy. Raises `ProxyError` if a library is missing."""
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
        _say(f"{url} forwards to {leader.name} and compares {names}")

    return ready


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


def _methods(text: str) -> frozenset[str] | None:
    return None if text == "all" else frozenset(part.strip().upper() for part in text.split(","))


def _refusal(methods: str, sharing: list[str]) -> str:
    names = " and ".join(sharing)
    return (
        f"--methods {methods} would also send the writes of users to {names}, and a shared "
        f"database would receive each write twice: if {names} has its own database, use "
        "--separate-state or `own_database = true` in [[targets]]"
    )
