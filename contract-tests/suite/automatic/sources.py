"""The sources of automatic mutants, and the equivalent mutants."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from suite.automatic.changes import OPERATORS, Change
from suite.automatic.node_operators import node_changes
from suite.automatic.python_operators import python_changes
from testbed.paths import CONTRACT_TESTS, ROOT
from testbed.servers import KINDS, Kind
from testbed.sources import PACKAGE, SOURCES

EQUIVALENTS = CONTRACT_TESTS / "equivalent-mutants.yaml"

# Migrations create the tables, and a test compares the declarations of the twins; only tooling
# requests the inventory.
_LEFT_OUT = {"models", "generated", "inventory", "models.ts", "py.typed"}
_FIELDS = {"file", "function", "operator", "find", "replace", "because"}


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A change without an observable difference, and why."""

    file: str
    function: str
    operator: str
    find: str
    replace: str
    because: str

    def is_of(self, change: Change) -> bool:
        """Whether it matches a change; all identical changes in one function match."""
        return change.key[:-1] == (
            *(self.file, self.function, self.operator),
            *(" ".join(text.split()) for text in (self.find, self.replace)),
        )


@cache
def all_changes(kind: Kind) -> tuple[Change, ...]:
    """Return every change of a twin's sources, in order of file and position."""
    texts = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in _files(kind)}
    return tuple((python_changes if kind == "python" else node_changes)(texts))


def load_equivalents(path: Path = EQUIVALENTS) -> list[Equivalent]:
    """Read the equivalent mutants. Raises ValueError for an invalid entry."""
    entries: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    for entry in entries:
        if entry.keys() != _FIELDS or entry["operator"] not in OPERATORS:
            raise ValueError(f"{path}: not an equivalent mutant: {entry}")
    return [Equivalent(**entry) for entry in entries]


def stale(equivalents: Sequence[Equivalent]) -> list[Equivalent]:
    """Return the entries that match no existing change."""
    changes = [change for kind in KINDS for change in all_changes(kind)]
    return [each for each in equivalents if not any(each.is_of(change) for change in changes)]


def _files(kind: Kind) -> Iterator[Path]:
    base, pattern = (PACKAGE, "*.py") if kind == "python" else (SOURCES, "*.ts")
    for path in sorted(base.rglob(pattern)):
        names = {*path.relative_to(base).parts, path.stem}
        if not names & _LEFT_OUT:
            yield path
