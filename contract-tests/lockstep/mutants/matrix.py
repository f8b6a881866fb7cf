"""Records which driver caught which mutant, in how many requests and seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lockstep.mutants.catalogue import Mutant, MutantError

CAUGHT, GOT_AWAY, COULD_NOT = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Catch:
    """The result of one driver for one mutant; `finding` is `None` if the mutant survived."""

    finding: str | None
    requests: int
    seconds: float


@dataclass(slots=True)
class Matrix:
    """The results of every mutant by driver; a driver that was not run has no entry.

    Results of `baseline` drivers are shown for comparison and not counted. `problems` lists what
    could not be run.
    """

    mutants: Sequence[Mutant]
    drivers: Sequence[str]
    baseline: Sequence[str] = ()
    catches: dict[str, dict[str, Catch]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, mutant: str, driver: str, catch: Catch) -> None:
        """Record the result of a driver for a mutant."""
        self.catches.setdefault(mutant, {})[driver] = catch

    def caught(self, mutant: str) -> bool:
        """Whether a driver that counts has caught a mutant."""
        tried = self.catches.get(mutant, {})
        return any(tried[name].finding for name in self.drivers if name in tried)

    def restore(self, data: Mapping[str, Any]) -> None:
        """Restore the results of an interrupted run from its `as_data`."""
        known = {each.id for each in self.mutants}
        for row in data["mutants"]:
            for driver, catch in row["drivers"].items():
                if row["id"] in known and driver in (*self.drivers, *self.baseline):
                    self.add(row["id"], driver, Catch(**catch))

    @property
    def escaped(self) -> list[Mutant]:
        """The mutants that no driver caught."""
        return [each for each in self.mutants if not self.caught(each.id)]

    def as_data(self) -> dict[str, Any]:
        """Return the matrix as JSON values."""
        return {
            "schema_version": 1,
            "drivers": list(self.drivers),
            "baseline": list(self.baseline),
            "tried": len(self.mutants),
            "caught": len(self.mutants) - len(self.escaped),
            "problems": self.problems,
            "caught_by": {name: self.score(name)[0] for name in (*self.drivers, *self.baseline)},
            "mutants": [
                {
                    "id": each.id,
                    "target": each.target,
                    "layer": each.layer,
                    "about": each.about,
                    "caught": self.caught(each.id),
                    "drivers": {name: asdict(catch) for name, catch in self.tried(each.id).items()},
                }
                for each in self.mutants
            ],
        }

    def tried(self, mutant: str) -> Mapping[str, Catch]:
        """Return the results for one mutant, by driver."""
        return self.catches.get(mutant, {})

    def score(self, driver: str) -> tuple[int, int]:
        """Return how many mutants a driver caught, and how many it was run on."""
        tried = [row[driver] for row in self.catches.values() if driver in row]
        return sum(catch.finding is not None for catch in tried), len(tried)


def exit_code(matrix: Matrix) -> int:
    """Return the exit code of the command."""
    if matrix.problems:
        return COULD_NOT
    return GOT_AWAY if matrix.escaped else CAUGHT


def write_matrix(matrix: Matrix, path: Path) -> None:
    """Write the matrix as JSON atomically; create missing directories."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_name(f"{path.name}.part")
    whole.write_text(json.dumps(matrix.as_data(), indent=2) + "\n", encoding="utf-8")
    whole.replace(path)


def read_matrix(path: Path) -> dict[str, Any] | None:
    """Read the matrix of an interrupted run; `None` if there is none. Raises `MutantError`."""
    try:
        matrix: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise MutantError(f"{path} is not a matrix: {error}") from error
    return matrix


def print_matrix(matrix: Matrix, console: Console) -> None:
    """Print a row for each mutant, and a footer with the number that each driver caught."""
    table = Table("mutant", "target", "layer", show_footer=True)
    table.columns[0].footer = "caught / tried"
    for name in (*matrix.drivers, *matrix.baseline):
        caught, tried = matrix.score(name)
        table.add_column(name, footer=f"{caught} / {tried}", justify="right", no_wrap=True)
    for each in matrix.mutants:
        style = "" if matrix.caught(each.id) else "bold red"
        cells = [_cell(matrix.tried(each.id).get(name)) for name in matrix.drivers]
        cells += [_cell(matrix.tried(each.id).get(name)) for name in matrix.baseline]
        table.add_row(Text(each.id, style), each.target, each.layer, *cells)
    console.print(table)
    legend = "requests and seconds up to the first finding; -: survived; empty: not tried"
    if matrix.baseline:
        legend += f"; {', '.join(matrix.baseline)}: of the whole run; not counted"
    console.print(legend)
    total = len(matrix.mutants)
    console.print(f"{total - len(matrix.escaped)} of {total} mutants caught")
    for problem in matrix.problems:
        console.print(Text(problem))


def _cell(catch: Catch | None) -> str:
    if catch is None:
        return ""
    return f"{catch.requests:,}  {catch.seconds:.1f} s" if catch.finding else "-"
