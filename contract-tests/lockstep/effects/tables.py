"""The tables of a database, and the protocol that reads their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

# Larger tables are not compared, since each snapshot may read all rows.
MOST_ROWS = 20_000
TIME, BYTES = "time", "bytes"

# The rows of each table by key, both as JSON text.
Rows = Mapping[str, dict[str, str]]
# A table, the key of a row, and the row; `None` for a deleted row.
Seen = tuple[str, str, str | None]


class DatabaseError(Exception):
    """A database cannot be read; the message is the reason, without secrets."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `columns` maps each column to its value kind: `TIME`, `BYTES` or empty.

    `references` maps a column to the table and the column that it references.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...] = ()
    references: Mapping[str, tuple[str, str]] = field(default_factory=dict)


class Database(Protocol):
    """A read-only connection to a database.

    `tables` are those whose rows are compared; `left_out` maps other tables to the reason why not.
    """

    tables: dict[str, Table]
    left_out: dict[str, str]

    def look(self, known: Rows) -> Iterator[Seen]:
        """Yield the rows that differ from the known ones. Raises `DatabaseError`."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...
