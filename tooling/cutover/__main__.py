"""Moves all traffic from Python to Node by `lockstep cutover`, under load; wrong ones go back.

python -m tooling.cutover [--fault NAME]

First Node as it is: the ramp must arrive, and no request may fail. Then with a fault: the shadow
refuses it, or the ramp goes back by itself before ten wrong answers got out.

PROFILE=quick|default, SEED and DATABASE_URL are read, as by the contract tests. The result is
in build/cutover.json, with the ramp's own report in build/cutover.html, the logs are in
build/logs/cutover.

Exits with 0 when all ramps ended as they should, 1 when one did not, 2 when it could not run.
"""

import argparse
import json
import shutil
import sys
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
from tooling.cutover.judges import JudgeError
from tooling.cutover.profiles import FAULTS, PROFILES
from tooling.cutover.run import RampError, ramp
from tooling.cutover.verdict import figures
from tooling.swap.clients import ClientsError
from tooling.swap.proxy import ProxyError

_REASONS = (
    *(ClientsError, CommandError, JudgeError, PostgresError, ProxyError, RampError),
    *(ServerError, ValueError),
)
_LOGS = BUILD / "logs" / "cutover"


def main(arguments: list[str] | None = None) -> int:
    """Ramp, and report; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="tooling.cutover", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--fault", choices=tuple(FAULTS), help="only this fault")
    options = parser.parse_args(arguments)
    console = terminal.console()
    profile = contract.profile()
    if profile not in PROFILES:
        print(f"PROFILE must be one of {', '.join(PROFILES)}.", file=sys.stderr)
        return 2
    faults = [options.fault] if options.fault else [None, *PROFILES[profile].faults]
    try:
        with ended_by_signals():
            return _ramps(profile, faults, console)
    except _REASONS as error:
        print(f"The traffic could not be moved: {error}", file=sys.stderr)
        return 2


def _ramps(profile: str, faults: list[str | None], console: Console) -> int:
    ramps: list[dict[str, Any]] = []
    seed = contract.seed()
    with open_databases() as (databases, _):
        for fault in faults:
            logs = _LOGS / (fault or "sound")
            with TerminalProgress(console) as progress:
                ramped = ramp(databases, PROFILES[profile], seed, logs, progress, fault)
            ramps.append(figures(ramped, fault))
            shutil.copy(logs / "cutover.html", BUILD / "cutover.html")
            _print(ramps[-1], console)
    data = {
        "version": 1,
        "made_at": machine.now(),
        "profile": profile,
        "seed": seed,
        "commit": machine.commit(),
        "machine": machine.machine(),
        "ramps": ramps,
    }
    text = json.dumps(data, indent=1, ensure_ascii=False)
    (BUILD / "cutover.json").write_text(f"{text}\n", encoding="utf-8")
    console.print(f"file://{BUILD / 'cutover.html'}  (cutover.json)\nLogs: {_LOGS}", soft_wrap=True)
    return 1 if any(each["problems"] for each in ramps) else 0


def _print(results: dict[str, Any], console: Console) -> None:
    def line(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    answers = results["answers"]
    line(f"{results['about']}")
    shares = ", ".join(f"{each:g}" for each in results["percents"])
    line(
        f"  {in_words(results['requests'], 9)} requests, {results['failed']} failed for"
        f" {results['users_met']} users; Node got {shares} %, served {answers['served']:,},"
        f" {answers['wrong']} wrong; {answers['compared']:,} compared;"
        f" {results['rows']:,} rows held"
    )
    if results["cause"]:
        line(f"  back after {results['went_back_seconds']:.2f} s: {results['cause']['route']}:")
        line(f"  {results['cause']['sentence']}")
    for problem in results["problems"]:
        line(f"  WRONG: {problem}")


if __name__ == "__main__":
    sys.exit(main())
