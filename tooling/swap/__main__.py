"""Swaps the runtimes behind a proxy, under load, and checks every response against earlier writes.

python -m tooling.swap [--planted [NAME]]

PROFILE=quick|default|deep, SEED and DATABASE_URL are read, as by the contract tests. Results are in
build/swap.html, swap.svg and swap.json, the logs in build/logs/swap. --planted swaps servers with
deliberate faults, each of which must be caught.

Exits with 0 if no client could notice, 1 if one could, 2 if it could not run.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from lockstep.report.progress import TerminalProgress
from testbed import contract, terminal
from testbed.databases import open_databases
from testbed.directories import PostgresError
from testbed.migrations import CommandError
from testbed.paths import BUILD
from testbed.processes import ended_by_signals
from testbed.servers import ServerError
from tooling.benchmark import machine
from tooling.benchmark.spread import in_words
from tooling.swap.clients import ClientsError
from tooling.swap.fleet import NOTHING, Planted
from tooling.swap.planted import FAULTS
from tooling.swap.profiles import PROFILES
from tooling.swap.proxy import ProxyError
from tooling.swap.publishing import publish
from tooling.swap.run import swap
from tooling.swap.verdict import figures

_REASONS = (ClientsError, CommandError, PostgresError, ProxyError, ServerError, ValueError)
_EVERY = "all"
_LOGS = BUILD / "logs" / "swap"


def main(arguments: list[str] | None = None) -> int:
    """Swap the runtimes, and report; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="tooling.swap", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--planted", nargs="?", const=_EVERY, choices=(_EVERY, *FAULTS), help="one fault, or all"
    )
    options = parser.parse_args(arguments)
    console = terminal.console()
    try:
        with ended_by_signals():
            if options.planted is not None:
                names = list(FAULTS) if options.planted == _EVERY else [options.planted]
                return _catch(names, console)
            return _swap(console)
    except _REASONS as error:
        print(f"The runtimes could not be swapped: {error}", file=sys.stderr)
        return 2


def _swap(console: Console) -> int:
    data = _measured(console, _LOGS)
    page = publish(data, BUILD)
    _print(data, console)
    console.print(f"file://{page}  (swap.json, swap.svg)\nLogs: {_LOGS}", soft_wrap=True)
    return 1 if any(data["faults"].values()) else 0


def _catch(names: list[str], console: Console) -> int:
    """Swap with each of the faults; return 1 if one is not caught as expected."""
    missed = []
    for name in names:
        fault = FAULTS[name]
        data = _measured(console, _LOGS / name, fault.planted)
        if not any(data["faults"][kind] for kind in fault.caught_as):
            missed.append(name)
        found = ", ".join(f"{count} {kind}" for kind, count in data["faults"].items() if count)
        console.print(f"{'MISSED' if name in missed else 'caught'}  {name}: {found or 'nothing'}")
        for line in data["messages"][:2]:
            console.print(f"        {line}", markup=False, soft_wrap=True)
    return 1 if missed else 0


def _measured(console: Console, logs: Path, planted: Planted = NOTHING) -> dict[str, Any]:
    name, seed = contract.profile(), contract.seed()
    profile = PROFILES[name]
    logs.mkdir(parents=True, exist_ok=True)
    with TerminalProgress(console) as progress, open_databases() as (databases, _):
        swapped = swap(databases, profile, seed, logs, progress, planted)
    return {
        "version": 1,
        "made_at": machine.now(),
        "profile": name,
        "seed": seed,
        "commit": machine.commit(),
        "machine": machine.machine(),
        "shutdown_delay": profile.shutdown_delay,
        "health_interval": profile.health_interval,
        **figures(swapped, profile),
    }


def _print(data: dict[str, Any], console: Console) -> None:
    for line in data["messages"]:
        console.print(line, markup=False, soft_wrap=True)
    times = data["milliseconds"]
    counted = ", ".join(f"{in_words(count, 9)} {name}" for name, count in data["faults"].items())
    console.print(
        f"{in_words(data['requests'], 9)} requests, {len(data['moves'])} moves,"
        f" {in_words(data['seconds'])} s: {counted}; {in_words(data['rows'], 9)} rows held;"
        f" {data['refused']} refused by the proxy;"
        f" p50 {in_words(times['p50'])} ms, p99 {in_words(times['p99'])} ms",
        soft_wrap=True,
    )
    for name in data["not_counted"]:
        console.print(f"Not counted on this system: {name}")


if __name__ == "__main__":
    sys.exit(main())
