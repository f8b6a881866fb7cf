"""Compares the speed of lockstep with plain Schemathesis, in requests per second; or its memory.

python -m tooling.power.speed            ROUNDS=5 PROFILE=quick WORKERS=1 SEED=1
python -m tooling.power.speed --memory   EXCHANGES=100000

Rounds are interleaved, so that a slow phase of the machine affects both. Both tools use the same
seed, phases and amounts: plain Schemathesis on one twin, in each round the other one, lockstep on
both. A ratio is lockstep's rate divided by that of plain Schemathesis in the same round.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.table import Table

from lockstep.run import Run
from lockstep.transport.targets import Target
from testbed import contract, processes, terminal
from testbed.databases import Databases, open_databases
from testbed.log_in import log_in
from testbed.paths import BUILD
from testbed.plain import run_plain
from testbed.servers import KINDS
from testbed.stage import CLEAN, POPULATED, Stage
from tooling.power.memory import measure_memory

ROUNDS = int(os.environ.get("ROUNDS") or 5)
WORKERS = int(os.environ.get("WORKERS") or 1)
SIDES = ("plain", "lockstep")
REPORT = BUILD / "bench-lockstep.json"
_LOGS = BUILD / "logs/bench-lockstep"

Measured = dict[str, float]


def main() -> int:
    """Run the selected measurement, print it and write build/bench-lockstep.json."""
    arguments = _arguments()
    os.environ.setdefault("PROFILE", "quick")
    if arguments.side is not None:
        print(json.dumps(_measure(arguments.side, arguments.round)))
        return 0
    console = terminal.console()
    if arguments.memory:
        return measure_memory(console)
    with processes.ended_by_signals(), open_databases() as (databases, server):
        Stage(databases, server, _LOGS).prepare(CLEAN, POPULATED)
        os.environ["DATABASE_URL"] = databases.admin_url
        os.environ["DATABASE_PREFIX"] = databases.prefix
        rounds = [_round(number, console) for number in range(1, ROUNDS + 1)]
    console.print(_table(rounds))
    setting = {"rounds": ROUNDS, "workers": WORKERS, "profile": contract.profile()}
    text = json.dumps({"setting": setting, "rounds": rounds}, indent=2)
    REPORT.write_text(text + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tooling.power.speed", description=__doc__)
    parser.add_argument("--memory", action="store_true", help="memory instead of speed")
    parser.add_argument("--side", choices=SIDES, help="one side of one round, as JSON")
    parser.add_argument("--round", type=int, default=1)
    return parser.parse_args()


def _round(number: int, console: Console) -> dict[str, Measured]:
    """Measure both sides, each in a separate process, the first one alternating."""
    order = SIDES if number % 2 else SIDES[::-1]
    measured = {side: _in_a_process(side, number) for side in order}
    for side in SIDES:
        rate = measured[side]["requests"] / measured[side]["seconds"]
        console.print(f"round {number}/{ROUNDS}  {side:9} {rate:6.1f} requests/s")
    return measured


def _in_a_process(side: str, number: int) -> Measured:
    command = [sys.executable, "-m", "tooling.power.speed", "--side", side, "--round", str(number)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"{side} failed:\n{run.stderr}")
    measured: Measured = json.loads(run.stdout.splitlines()[-1])
    return measured


def _measure(side: str, number: int) -> Measured:
    """Return requests to all targets, exchanges and seconds of one side."""
    databases = Databases(os.environ["DATABASE_URL"], os.environ.get("DATABASE_PREFIX", ""))
    stage = Stage(databases, None, _LOGS / side, label=f"bench_{os.getpid()}")
    with stage.pair(POPULATED) as targets:
        return (_plain if side == "plain" else _lockstep)(targets, number)


def _plain(targets: list[Target], number: int) -> Measured:
    target = next(each for each in targets if each.name == KINDS[number % len(KINDS)])
    settings = contract.settings(in_full=False)
    token = log_in(target.base_url)
    raw = Run(settings).document.raw
    amounts = replace(settings.fuzz, workers=WORKERS)
    started = time.monotonic()
    sent = 0
    for progress in run_plain(raw, target.base_url, token, amounts, settings.seed):
        sent = progress.requests
    return {"requests": sent, "exchanges": sent, "seconds": time.monotonic() - started}


def _lockstep(targets: list[Target], _number: int) -> Measured:
    settings = contract.settings(in_full=False)
    run = Run(replace(settings, fuzz=replace(settings.fuzz, workers=WORKERS)))
    started = time.monotonic()
    stage = run.fuzz(targets)
    seconds = time.monotonic() - started
    return {"requests": stage.requests, "exchanges": stage.exchanges, "seconds": seconds}


def _table(rounds: list[dict[str, Measured]]) -> Table:
    table = Table("of a second", "median", "lowest", "highest", "by plain Schemathesis", "spread")
    plain = [_rate(each["plain"], "requests") for each in rounds]
    readings: dict[str, list[float]] = {
        "plain Schemathesis, requests to one twin": plain,
        "lockstep, requests to both twins": [_rate(r["lockstep"], "requests") for r in rounds],
        "lockstep, exchanges": [_rate(r["lockstep"], "exchanges") for r in rounds],
    }
    for name, rates in readings.items():
        ratios = [ours / theirs for ours, theirs in zip(rates, plain, strict=True)]
        cells: tuple[Any, ...] = (statistics.median(rates), min(rates), max(rates))
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        median = f"{statistics.median(ratios):.2f}"
        table.add_row(name, *(f"{value:.1f}" for value in cells), median, spread)
    return table


def _rate(measured: Measured, what: str) -> float:
    return measured[what] / measured["seconds"]


if __name__ == "__main__":
    sys.exit(main())
