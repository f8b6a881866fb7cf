"""Reads MySQL and MariaDB: a full snapshot each time.

The binary log would tell more, but needs a privilege and settings that few servers have.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql
from pymysql.constants import FIELD_TYPE

from lockstep.effects.tables import BYTES, MOST_ROWS, TIME, DatabaseError, Rows, Seen, Table

_SECONDS = 5
_PORT = 3306
_SETTINGS = (
    "SET SESSION TRANSACTION READ ONLY",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET time_zone = '+00:00'",
)
# Views have no rows of their own; tables without the SELECT privilege are not listed.
_COLUMNS = """
    SELECT c.table_name, c.column_name, c.data_type
    FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE'
    ORDER BY c.table_name, c.ordinal_position"""
_KEYS = """
    SELECT table_name, constraint_name = 'PRIMARY', column_name, referenced_table_name,
           referenced_column_name
    FROM information_schema.key_column_usage
    WHERE table_schema = DATABASE()
      AND (constraint_name = 'PRIMARY' OR referenced_table_name IS NOT NULL)
    ORDER BY table_name, ordinal_position"""
_TIMES = frozenset({"date", "datetime", "timestamp", "time"})
_BYTES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit"})
_NUMBERS = frozenset(
    {"tinyint", "smallint", "mediumint", "int", "bigint", "year", "decimal", "float", "double"}
)
# Converters that keep values as the text sent by the server.
_AS_THEY_ARE: dict[int | type[Any], Callable[[Any], str] | Callable[[str], Any]] = {
    kind: (lambda value: value)
    for name, kind in vars(FIELD_TYPE).items()
    if name.isupper() and isinstance(kind, int)
}


class MySql:
    """A MySQL or MariaDB database, read over its own connection."""

    def __init__(self, url: str) -> None:
        """Connect, and read the schema. Raises `DatabaseError`."""
        parts = urlsplit(url)
        self.tables: dict[str, Table] = {}
        self.left_out: dict[str, str] = {}
        # The column types, by table and column.
        self._types: dict[str, dict[str, str]] = defaultdict(dict)
        try:
            self._connection = pymysql.connect(
                host=parts.hostname or "localhost",
                port=parts.port or _PORT,
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                database=unquote(parts.path.lstrip("/")),
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=_SECONDS,
                read_timeout=_SECONDS,
                conv=_AS_THEY_ARE,
            )
        except pymysql.Error as error:
            raise DatabaseError(reason(error)) from error
        self._alone(self._read_tables)

    def look(self, known: Rows) -> Iterator[Seen]:
        """Yield the rows that differ from the known ones."""
        for name in list(self.tables):
            rows: dict[str, str] = self._alone(partial(self._read, name))
            if len(rows) > MOST_ROWS:
                self.left_out[name] = f"it has more than {MOST_ROWS:,} rows"
                del self.tables[name]
                continue
            before = known[name]
            yield from ((name, key, row) for key, row in rows.items() if before.get(key) != row)
            yield from ((name, key, None) for key in before.keys() - rows.keys())

    def close(self) -> None:
        """Close the connection."""
        if self._connection.open:
            self._connection.close()

    def _alone(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except pymysql.Error as error:
            self.close()
            raise DatabaseError(reason(error)) from error

    def _read_tables(self) -> None:
        for setting in _SETTINGS:
            self._all(setting)
        for name, column, kind in self._all(_COLUMNS):
            self._types[name][column] = kind.lower()
        keys: dict[str, list[str]] = defaultdict(list)
        references: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
        for name, is_key, column, target, target_column in self._all(_KEYS):
            if is_key == "1":
                keys[name].append(column)
            else:
                references[name][column] = target, target_column
        for name, types in self._types.items():
            columns = {column: _kind(kind) for column, kind in types.items()}
            self.tables[name] = Table(name, columns, tuple(keys[name]), references[name])

    def _read(self, name: str) -> dict[str, str]:
        return dict(self._rows(name))

    def _rows(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield pairs of the key and the row, both as JSON text."""
        table, types = self.tables[name], self._types[name]
        chosen = ", ".join(
            f"HEX({_quoted(column)})" if kind == BYTES else _quoted(column)
            for column, kind in table.columns.items()
        )
        alike = Counter[str]()
        query = f"SELECT {chosen} FROM {_quoted(name)} LIMIT {MOST_ROWS + 1}"
        for row in self._all(query):
            texts = {
                column: _literal(types[column], value)
                for column, value in zip(table.columns, row, strict=True)
            }
            row_text = ", ".join(f"{json.dumps(column)}: {text}" for column, text in texts.items())
            key = ", ".join(texts[column] for column in table.key)
            if not key:
                # Without a primary key the key is the row's content and a sequence number of equal
                # rows.
                alike[row_text] += 1
                key = f"{alike[row_text]}, {{{row_text}}}"
            yield f"[{key}]", f"{{{row_text}}}"

    def _all(self, query: str) -> Sequence[Sequence[Any]]:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()


def reason(error: pymysql.Error) -> str:
    """Return the server's error message in one line; it contains no password."""
    message = str(error.args[1]) if len(error.args) > 1 else str(error)
    return message.strip() or type(error).__name__


def _quoted(name: str) -> str:
    doubled = name.replace("`", "``")
    return f"`{doubled}`"


def _kind(data_type: str) -> str:
    return TIME if data_type in _TIMES else BYTES if data_type in _BYTES else ""


def _literal(data_type: str, value: Any) -> str:
    """Return a value as JSON: numbers as they are written, bytes in lower-case hexadecimal."""
    if value is None:
        return "null"
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    if data_type in _NUMBERS:
        return text.lstrip("0") or "0" if data_type == "year" else text
    return json.dumps(text.lower() if data_type in _BYTES else text)
