"""The score of a sample, and the survivors, by folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lockstep.mutants import COULD_NOT, Matrix
from suite.automatic.changes import Change, read_source
from suite.automatic.screening import Sample
from suite.automatic.sources import Equivalent
from testbed.paths import BUILD, ROOT
from testbed.servers import KINDS

REPORT = BUILD / "mutants-sample.json"
UNITS = "units"
CAUGHT, BY_UNITS, SURVIVED, EQUIVALENT, UNTRIED = (
    *("caught", "caught by unit tests only", "survived", "equivalent", "could not be tried"),
)
_PASSED, _SURVIVORS = 0, 1


@dataclass(slots=True)
class Score:
    """The results for the mutants of a sample."""

    seed: int
    sample: Sample
    equivalents: Sequence[Equivalent]
    matrix: Matrix
    states: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.states = {change.id: self._state(change) for change in self.sample.changes}

    @property
    def changes(self) -> list[Change]:
        """The changes that drivers run on."""
        return [each for each in self.sample.changes if self.states[each.id] != EQUIVALENT]

    @property
    def survivors(self) -> list[Change]:
        """The changes that neither a driver nor a unit test caught, by position."""
        left = [each for each in self.sample.changes if self.states[each.id] == SURVIVED]
        return sorted(left, key=lambda each: (each.folder, each.file, each.line))

    def share(self, folder: str = "", target: str = "", *, with_units: bool = False) -> str:
        """Return how many were caught out of those run: of a folder, of a twin, or of all."""
        states = [
            self.states[each.id]
            for each in self.changes
            if folder in ("", each.folder) and target in ("", each.target)
        ]
        caught = states.count(CAUGHT) + (states.count(BY_UNITS) if with_units else 0)
        return f"{caught} of {len(states)}" if states else ""

    def percentage(self, *, with_units: bool = False) -> float:
        """Return the score: the percentage caught of those run."""
        states = [self.states[each.id] for each in self.changes]
        caught = states.count(CAUGHT) + (states.count(BY_UNITS) if with_units else 0)
        return round(100 * caught / max(1, len(states)), 1)

    def exit_code(self) -> int:
        """Return the exit code of the command."""
        if self.matrix.problems:
            return COULD_NOT
        return _SURVIVORS if self.survivors else _PASSED

    def as_data(self) -> dict[str, Any]:
        """Return everything as JSON values, including those of a matrix, to resume from."""
        data = self.matrix.as_data()
        tried = {row["id"]: row["drivers"] for row in data["mutants"]}
        counts = list(self.states.values())
        return {
            **data,
            "seed": self.seed,
            "size": len(self.sample.changes),
            "states": {state: counts.count(state) for state in dict.fromkeys(counts)},
            "score": self.percentage(),
            "score_with_unit_tests": self.percentage(with_units=True),
            "left_out": self.sample.left_out,
            "mutants": [self._row(each, tried.get(each.id, {})) for each in self.sample.changes],
        }

    def _row(self, change: Change, drivers: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": change.id,
            "target": change.target,
            "folder": change.folder,
            "file": change.file,
            "line": change.line,
            "function": change.function,
            "operator": change.operator,
            "find": change.original,
            "replace": change.replacement,
            "diff": change.diff(read_source(ROOT, change)),
            "state": self.states[change.id],
            "drivers": drivers,
        }

    def _state(self, change: Change) -> str:
        if any(each.is_of(change) for each in self.equivalents):
            return EQUIVALENT
        tried = self.matrix.tried(change.id)
        if self.matrix.caught(change.id):
            return CAUGHT
        if UNITS in tried and tried[UNITS].finding:
            return BY_UNITS
        wanted = {*self.matrix.drivers, *self.matrix.baseline}
        return SURVIVED if tried.keys() >= wanted else UNTRIED


def write_score(score: Score, path: Path = REPORT) -> None:
    """Write the report atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_name(f"{path.name}.part")
    whole.write_text(json.dumps(score.as_data(), indent=2) + "\n", encoding="utf-8")
    whole.replace(path)


def print_score(score: Score, console: Console) -> None:
    """Print the score by folder, and each survivor as a diff."""
    table = Table("folder", *(f"{kind}, caught" for kind in KINDS), "all", show_footer=True)
    for column, target in zip(table.columns[1:], (*KINDS, ""), strict=True):
        column.footer, column.justify = score.share(target=target), "right"
    for folder in sorted({each.folder for each in score.changes}):
        table.add_row(folder, *(score.share(folder, target) for target in (*KINDS, "")))
    for change in score.sample.changes:
        if score.states[change.id] in (SURVIVED, BY_UNITS, UNTRIED):
            place = f"\n{change.file}:{change.line}, {change.operator}: {score.states[change.id]}"
            console.print(Text(f"{place} ({change.id})", "bold"), soft_wrap=True)
            console.print(Text(change.diff(read_source(ROOT, change))), soft_wrap=True)
    console.print(table)
    left_out = [*score.sample.left_out.values()]
    reasons = [f"{left_out.count(reason)} {reason}" for reason in sorted(set(left_out))]
    equivalent = len(score.sample.changes) - len(score.changes)
    console.print(
        f"SEED={score.seed}: {score.share()} caught by the contract tests "
        f"({score.percentage()} %), {score.share(with_units=True)} with the unit tests "
        f"({score.percentage(with_units=True)} %); {equivalent} equivalent, not tried; "
        f"left out: {', '.join(reasons) or 'none'}",
        soft_wrap=True,
    )
    for problem in score.matrix.problems:
        console.print(Text(problem))
    console.print(f"Report: {REPORT}", soft_wrap=True)
