"""What cannot be read ends the comparison of one schema or one operation, and is named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lockstep.diff.changes import Change


@dataclass(frozen=True, slots=True)
class Guard:
    """Collects what could not be compared, in words; with no list for it nothing is caught."""

    unread: list[str] | None = None

    def all_of(self, place: str, changes: Iterable[Change]) -> list[Change]:
        """The changes, or as many as there are before one cannot be read."""
        found: list[Change] = []
        try:
            found.extend(changes)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if self.unread is None:
                raise
            told = str(error) if type(error) is ValueError else repr(error)
            self.unread.append(f"{place}: {told}")
        return found
