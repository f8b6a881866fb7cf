"""The tables of a database, and what is read of their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

# Of a table with more rows none are compared: each look reads what it has.
MOST_ROWS = 20_000
TIME, BYTES = "time", "bytes"

# The rows of each table by their keys, both as JSON text.
Rows = Mapping[str, dict[str, str]]
# A table, the key of a row, and the row itself; `None` for one that is gone.
Seen = tuple[str, str, str | None]


class DatabaseError(Exception):
    """A database cannot be read; the message is the reason, without what is secret."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns, each with `TIME`, `BYTES` or nothing as the kind of its values.

    `references` names the table and the column that a column refers to.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...] = ()
    references: Mapping[str, tuple[str, str]] = field(default_factory=dict)


class Database(Protocol):
    """A connection that only reads.

    `tables` are those whose rows are compared, `left_out` says why others are not, by table.
    """

    tables: dict[str, Table]
    left_out: dict[str, str]

    def look(self, known: Rows) -> Iterator[Seen]:
        """The rows that are not as they are known. Raises `DatabaseError`."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...
