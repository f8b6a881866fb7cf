"""Differences that are accepted for a stated cause, and must still be there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from lockstep.loading import load_yaml

_REQUIRED = frozenset({"operation", "kind", "where", "cause"})
_KEYS = _REQUIRED | {"expires"}


@dataclass(slots=True)
class KnownDifference:
    """One accepted difference; `operation`, `kind` and `where` may hold `*` as in file names."""

    operation: str
    kind: str
    where: str
    cause: str
    expires: date | None = None
    seen: int = 0

    def covers(self, operation: str, kind: str, where: str) -> bool:
        """Whether a finding is this difference."""
        return (
            fnmatchcase(operation, self.operation)
            and fnmatchcase(kind, self.kind)
            and fnmatchcase(where, self.where)
        )

    def problem(self, today: date) -> str | None:
        """Why the entry fails the run: it did not occur, or its day has come."""
        name = f"{self.operation}, {self.kind}, {self.where}"
        if self.expires is not None and self.expires <= today:
            return f"known difference expired on {self.expires}: {name} ({self.cause})"
        if not self.seen:
            return f"known difference did not occur: {name} ({self.cause})"
        return None


def load_known_differences(path: Path) -> list[KnownDifference]:
    """Read a YAML list; `ValueError` names the entry that cannot be read."""
    raw = load_yaml(path.read_text(encoding="utf-8")) or []
    if not isinstance(raw, list):
        raise ValueError(f"{path}: not a list")
    entries = []
    for position, entry in enumerate(raw, 1):
        keys = entry.keys() if isinstance(entry, dict) else set()
        if not _REQUIRED <= keys <= _KEYS:
            needs = ", ".join(sorted(_REQUIRED))
            raise ValueError(f"{path}: entry {position} needs {needs} and may have expires")
        expires = date.fromisoformat(entry["expires"]) if "expires" in entry else None
        entries.append(KnownDifference(**{**entry, "expires": expires}))
    return entries
