"""Confines an unreadable part of a document to the comparison of one schema or operation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lockstep.diff.changes import Change


@dataclass(frozen=True, slots=True)
class Guard:
    """Collects messages about what could not be compared; without a list, errors propagate."""

    unread: list[str] | None = None

    def all_of(self, place: str, changes: Iterable[Change]) -> list[Change]:
        """Return the changes, up to the first unreadable part."""
        found: list[Change] = []
        try:
            found.extend(changes)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if self.unread is None:
                raise
            message = str(error) if type(error) is ValueError else repr(error)
            self.unread.append(f"{place}: {message}")
        return found
