"""Differences that are accepted for a stated cause, and must still occur."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from lockstep.openapi.loading import load_data

_REQUIRED = frozenset({"operation", "kind", "where", "cause"})
_KEYS = _REQUIRED | {"expires"}


@dataclass(slots=True)
class KnownDifference:
    """One accepted difference; `operation`, `kind` and `where` are patterns as of fnmatch."""

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
        """Return why the entry fails the run, or `None`: it did not occur, or has expired."""
        name = f"{self.operation}, {self.kind}, {self.where}"
        if self.expires is not None and self.expires <= today:
            return f"known difference expired on {self.expires}: {name} ({self.cause})"
        if not self.seen:
            return f"known difference did not occur: {name} ({self.cause})"
        return None


def load_known_differences(path: Path) -> list[KnownDifference]:
    """Read a YAML list. Raises `ValueError`, which names the entry and what is wrong with it."""
    raw = load_data(path) or []
    if not isinstance(raw, list):
        raise ValueError(f"{path}: must be a list of differences")
    entries = []
    for position, entry in enumerate(raw, 1):
        try:
            entries.append(_entry(entry))
        except ValueError as error:
            raise ValueError(f"{path}: entry {position} {error}") from error
    return entries


def _entry(raw: Any) -> KnownDifference:
    keys = raw.keys() if isinstance(raw, dict) else set()
    lacking, unknown = sorted(_REQUIRED - keys), sorted(keys - _KEYS)
    if lacking:
        raise ValueError(f"needs {', '.join(lacking)}")
    if unknown:
        raise ValueError(f"has {', '.join(unknown)}; only {', '.join(sorted(_KEYS))} are known")
    texts = {key: str(value).strip() for key, value in raw.items()}
    if not texts["cause"] or raw["cause"] is None:
        raise ValueError("needs a `cause`: why the difference is accepted")
    until = texts.pop("expires", None)
    try:
        expires = date.fromisoformat(until) if until is not None else None
    except ValueError as error:
        raise ValueError(f"expires on {until}, which is not a date like 2027-01-31") from error
    return KnownDifference(
        operation=texts["operation"],
        kind=texts["kind"],
        where=texts["where"],
        cause=texts["cause"],
        expires=expires,
    )
