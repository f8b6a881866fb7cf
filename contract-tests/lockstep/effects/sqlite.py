"""Reads SQLite: a full snapshot whenever `data_version` shows a write by another connection."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lockstep.effects.tables import BYTES, MOST_ROWS, TIME, DatabaseError, Rows, Seen, Table

_SCHEME = re.compile(r"^sqlite(\+\w+)?:(///?)?")
_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
    "ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
)


class Sqlite:
    """A SQLite database file, opened read-only."""

    def __init__(self, url: str) -> None:
        """Open the file of `sqlite:///FILE`, and read its schema. Raises `DatabaseError`."""
        path = Path(_SCHEME.sub("", url)).absolute()
        try:
            self._connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise DatabaseError(f"{error}: {path}") from error
        self.tables: dict[str, Table] = {}
        self.left_out: dict[str, str] = {}
        self._version: int | None = None
        try:
            self._read_tables()
        except sqlite3.Error as error:
            self.close()
            raise DatabaseError(f"{error}: {path}") from error

    def look(self, known: Rows) -> Iterator[Seen]:
        """Yield the rows that differ from the known ones."""
        try:
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
            if version == self._version:
                return
            for name in list(self.tables):
                yield from self._look(name, known[name])
            self._version = version
        except sqlite3.Error as error:
            self.close()
            raise DatabaseError(str(error)) from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _look(self, name: str, known: dict[str, str]) -> Iterator[Seen]:
        rows = dict(self._rows(self.tables[name]))
        if len(rows) > MOST_ROWS:
            self.left_out[name] = f"it has more than {MOST_ROWS:,} rows"
            del self.tables[name]
            return
        yield from ((name, key, row) for key, row in rows.items() if known.get(key) != row)
        yield from ((name, key, None) for key in known.keys() - rows.keys())

    def _rows(self, table: Table) -> Iterator[tuple[str, str]]:
        key = table.key or ("rowid",)
        chosen = ", ".join(map(_quoted, (*key, *table.columns)))
        query = f"SELECT {chosen} FROM {_quoted(table.name)} LIMIT {MOST_ROWS + 1}"
        for row in self._connection.execute(query):
            values = list(map(_plain, row))
            named = dict(zip(table.columns, values[len(key) :], strict=True))
            yield json.dumps(values[: len(key)]), json.dumps(named)

    def _read_tables(self) -> None:
        for (name,) in self._connection.execute(_TABLES).fetchall():
            columns: dict[str, str] = {}
            keys: dict[int, str] = {}
            for _, column, kind, _, _, at in self._pragma("table_info", name):
                columns[column] = _kind(kind)
                if at:
                    keys[at] = column
            references = {
                column: (target, target_column or "id")
                for _, _, target, column, target_column, *_ in self._pragma(
                    "foreign_key_list", name
                )
            }
            key = tuple(keys[at] for at in sorted(keys))
            self.tables[name] = Table(name, columns, key, references)

    def _pragma(self, what: str, name: str) -> list[Any]:
        return self._connection.execute(f"PRAGMA {what}({_quoted(name)})").fetchall()


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _plain(value: Any) -> Any:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else value


def _kind(declared: str) -> str:
    type_name = declared.upper()
    return (
        TIME if "DATE" in type_name or "TIME" in type_name else BYTES if "BLOB" in type_name else ""
    )
