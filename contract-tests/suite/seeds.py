"""Sends all that needs no stories to the unchanged twins, with one seed after another.

python -m suite.seeds           SEEDS=20 seeds, starting with SEED=1; PROFILE as usual

Exits with 0 if no seed has findings, 1 if one has, 2 if one could not run.
"""

import json
import os
import subprocess
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from lockstep.mutants import CONTROL
from testbed import processes, terminal
from testbed.databases import open_databases
from testbed.paths import BUILD
from testbed.stage import CLEAN, POPULATED, Stage

COUNT = int(os.environ.get("SEEDS") or 20)
FIRST = int(os.environ.get("SEED") or 1)
REPORT = BUILD / "seeds.json"
_DRIVERS = ("walk", "generated")

Result = dict[str, object]


def main() -> int:
    """Run all seeds, print a table and write build/seeds.json."""
    console = terminal.console()
    with processes.ended_by_signals(), open_databases() as (databases, server):
        Stage(databases, server, BUILD / "logs").prepare(CLEAN, POPULATED)
        found = {"DATABASE_URL": databases.admin_url, "DATABASE_PREFIX": databases.prefix}
        results = [_run(seed, found, console) for seed in range(FIRST, FIRST + COUNT)]
    console.print(_table(results))
    REPORT.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    if not all(results):
        return 2
    return 1 if any(result["findings"] for result in results) else 0


def _run(seed: int, found: dict[str, str], console: Console) -> Result:
    """Run one seed; return an empty result if a driver could not be completed."""
    environment = os.environ | found | {"SEED": str(seed)}
    reports = [_report(driver, environment, console) for driver in _DRIVERS]
    if not all(reports):
        return {}
    result: Result = {"seed": seed}
    for name in ("requests", "seconds", "findings"):
        result[name] = sum((report[name] for report in reports[1:]), reports[0][name])
    console.print(f"seed {seed}: {result['findings'] or 'nothing'}", soft_wrap=True)
    return result


def _report(driver: str, environment: dict[str, str], console: Console) -> dict[str, Any]:
    """Run a driver in a separate process."""
    command = [sys.executable, "-m", "suite.hunt", CONTROL, "--driver", driver]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    if run.returncode != 0:
        seed = environment["SEED"]
        console.print(f"seed {seed}, {driver}: could not be run:\n{run.stderr}", soft_wrap=True)
        return {}
    report: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return report


def _table(results: list[Result]) -> Table:
    table = Table("seed", "requests", "seconds", "findings")
    for result in results:
        if result:
            cells = ("seed", "requests", "seconds", "findings")
            table.add_row(*(str(result[name] or 0) for name in cells))
    return table


if __name__ == "__main__":
    sys.exit(main())
