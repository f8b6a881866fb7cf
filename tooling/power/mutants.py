"""The mutants of the twins with generated requests only: the results of `suite.mutants`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from testbed.paths import BUILD
from tooling.power.places import WORK
from tooling.power.scoring import Row

DRIVER = "generated"
MATRIX = BUILD / "mutants.json"
KEPT = WORK / "mutants.json"


def row_of_mutants(run: bool) -> Row | None:
    """Return the row of a new run or of the latest matrix; None if there is none.

    A run preserves the matrix of all drivers that `make test-mutants` writes.
    """
    if run:
        _run()
    for file in (KEPT, MATRIX):
        if file.exists():
            return read_matrix(json.loads(file.read_text(encoding="utf-8")))
    return None


def read_matrix(data: Mapping[str, Any]) -> Row | None:
    """Return the row of a matrix; None if generated requests were not run on all mutants."""
    tried = {
        each["id"]: each["drivers"][DRIVER] for each in data["mutants"] if DRIVER in each["drivers"]
    }
    if len(tried) < len(data["mutants"]):
        return None
    row = Row("mutants", known=len(tried))
    row.missed = [name for name, catch in tried.items() if not catch["finding"]]
    row.found = row.findings = len(tried) - len(row.missed)
    row.seconds = round(sum(catch["seconds"] for catch in tried.values()), 1)
    row.problems = [str(each) for each in data.get("problems") or ()]
    return row


def _run() -> None:
    saved = _moved(MATRIX, WORK / "mutants.saved.json")
    try:
        command = [sys.executable, "-m", "suite.mutants", "--driver", DRIVER]
        subprocess.run(command, check=False)
        _moved(MATRIX, KEPT)
    finally:
        if saved is not None:
            _moved(saved, MATRIX)


def _moved(source: Path, target: Path) -> Path | None:
    if not source.exists():
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.move(source, target))
