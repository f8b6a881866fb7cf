"""Prints what each twin consists of, as it tells itself, and whether they agree.

For each: `routes_created` ("POST /api/v1/tasks"), `models` with their fields, `services` as
functions by file, `database` with its name and host, and a `summary`. Names of functions are
spelled alike.

python -m tooling.overview.inventory
"""

import difflib
import json
import re
import subprocess
import sys
from typing import Any

from testbed import processes
from testbed.databases import open_databases
from testbed.migrations import migrate
from testbed.paths import NODE, ROOT
from testbed.servers import KINDS, TEST_SETTINGS, Kind, environment, node_program

_SOURCES = re.compile(r"^(python/task_timer|node/src)/")


class InventoryError(Exception):
    """A twin could not tell its inventory; the message ends with what it printed."""


def inventory_of(kind: Kind, database_url: str) -> dict[str, Any]:
    """Ask a twin for its routes, models, services, database and summary. Raises InventoryError."""
    command = {
        "python": [sys.executable, "-m", "task_timer.inventory"],
        "node": [node_program(), str(NODE / "dist" / "inventory.js")],
    }[kind]
    run = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(database_url, TEST_SETTINGS),
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        raise InventoryError(f"The {kind} twin gave no inventory:\n{run.stderr}{run.stdout}")
    inventory: dict[str, Any] = json.loads(run.stdout)
    return inventory


def differences(inventories: dict[Kind, dict[str, Any]]) -> list[str]:
    """The lines of a unified diff of both inventories, empty if but names of files differ."""
    python, node = (
        json.dumps(with_paired_files(inventories[kind]), indent=2).splitlines() for kind in KINDS
    )
    return list(difflib.unified_diff(python, node, fromfile="python", tofile="node", lineterm=""))


def with_paired_files(inventory: dict[str, Any]) -> dict[str, Any]:
    """An inventory with the names of files that both twins have: `services/task_service`."""
    services = {
        _SOURCES.sub("", path).partition(".")[0].replace("-", "_"): functions
        for path, functions in inventory["services"].items()
    }
    return {**inventory, "services": services}


def main() -> int:
    """Print both as one JSON object; if they differ, tell how on standard error and return 1."""
    with processes.ended_by_signals(), open_databases() as (databases, _):
        url = databases.create("inventory")
        migrate(url)
        inventories = {kind: inventory_of(kind, url) for kind in KINDS}
    print(json.dumps(inventories, indent=2))
    difference = differences(inventories)
    if difference:
        print("The twins differ:", *difference, sep="\n", file=sys.stderr)
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
