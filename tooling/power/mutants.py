"""The mutants of the twins with what needs no stories: the results of `suite.mutants`."""

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

# What `lockstep run` does with nothing but the contract.
DRIVERS = ("walk", "generated")
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
    """Return the row of a matrix; None if a mutant that DRIVERS missed was not run by them all."""
    tried = {
        each["id"]: [each["drivers"][name] for name in DRIVERS if name in each["drivers"]]
        for each in data["mutants"]
    }
    row = Row("mutants", known=len(tried))
    row.missed = [name for name, runs in tried.items() if not any(run["finding"] for run in runs)]
    if any(len(tried[name]) < len(DRIVERS) for name in row.missed):
        return None
    row.found = row.findings = len(tried) - len(row.missed)
    row.seconds = round(sum(run["seconds"] for runs in tried.values() for run in runs), 1)
    row.problems = [str(each) for each in data.get("problems") or ()]
    return row


def _run() -> None:
    saved = _moved(MATRIX, WORK / "mutants.saved.json")
    try:
        drivers = [word for name in DRIVERS for word in ("--driver", name)]
        command = [sys.executable, "-m", "suite.mutants", *drivers]
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
