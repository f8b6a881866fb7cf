"""Reads PostgreSQL: changes are found by snapshots and `xmin`, whatever the settings.

Logical decoding would tell more but needs more: `wal_level`, a slot, the replication privilege, and
a replica identity for each table. Triggers would change the database. This only reads.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from lockstep.effects.tables import BYTES, MOST_ROWS, TIME, DatabaseError, Rows, Seen, Table

_SECONDS = 5
_XIDS = 1 << 32
_SCHEME = re.compile(r"^postgres(ql)?(\+\w+)?://")
_SETTINGS = (
    "SET application_name = 'lockstep'",
    "SET default_transaction_read_only = on",
    "SET timezone = 'UTC'",
    f"SET statement_timeout = '{_SECONDS}s'",
)
_TABLES = """
    SELECT c.oid, n.nspname, c.relname,
           has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    ORDER BY n.nspname <> 'public', n.nspname, c.relname"""
_COLUMNS = """
    SELECT a.attrelid, a.attname, CASE WHEN t.typcategory = 'D' THEN 'time'
                                       WHEN t.typname = 'bytea' THEN 'bytes' ELSE '' END
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum"""
_KEYS = """
    SELECT c.conrelid, c.contype::text, a.attname, c.confrelid, b.attname
    FROM pg_constraint c
    CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(attnum, at)
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
    LEFT JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[k.at]
    WHERE c.conrelid = ANY(%s) AND c.contype IN ('p', 'f')
    ORDER BY c.conrelid, k.at"""
_SNAPSHOT = """
    SELECT s::text, txid_snapshot_xmin(s), txid_snapshot_xmax(s) FROM txid_current_snapshot() s"""
_KINDS = {"time": TIME, "bytes": BYTES, "": ""}

Row = Sequence[Any]


class PostgreSql:
    """A PostgreSQL database, read over its own connection in short single statements."""

    def __init__(self, url: str) -> None:
        """Connect, and read the schema. Raises `DatabaseError`."""
        self._connection = connect(url)
        self.tables: dict[str, Table] = {}
        self.left_out: dict[str, str] = {}
        self._places: dict[str, sql.Identifier] = {}
        self._snapshot = ""
        self._since = 0
        self._until = 0
        self._alone(self._read_tables)

    def look(self, known: Rows) -> Iterator[Seen]:
        """Yield the rows that differ from the known ones."""
        yield from self._alone(lambda: list(self._look(known)))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _alone(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except psycopg.Error as error:
            self._connection.close()
            raise DatabaseError(reason(error)) from error

    def _read_tables(self) -> None:
        oids: dict[int, str] = {}
        for oid, schema, name, readable in self._all(_TABLES):
            label = name if name not in oids.values() else f"{schema}.{name}"
            place = sql.Identifier(schema, name)
            if not readable:
                self.left_out[label] = "the database user is not allowed to read it"
            elif self._is_large(place):
                self.left_out[label] = f"it has more than {MOST_ROWS:,} rows"
            oids[oid] = label
            self._places[label] = place
        columns: dict[str, dict[str, str]] = defaultdict(dict)
        for oid, column, kind in self._all(_COLUMNS, list(oids)):
            columns[oids[oid]][column] = _KINDS[kind]
        keys: dict[str, list[str]] = defaultdict(list)
        references: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
        for oid, kind, column, target, target_column in self._all(_KEYS, list(oids)):
            if kind == "p":
                keys[oids[oid]].append(column)
            elif target in oids:
                references[oids[oid]][column] = oids[target], target_column
        for label in oids.values():
            if label not in self.left_out:
                self.tables[label] = Table(
                    label, columns[label], tuple(keys[label]), references[label]
                )

    def _is_large(self, place: sql.Identifier) -> bool:
        limit = sql.Literal(MOST_ROWS + 1)
        query = sql.SQL("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {}) AS few").format(
            place, limit
        )
        return bool(self._all(query)[0][0] > MOST_ROWS)

    def _look(self, known: Rows) -> Iterator[Seen]:
        snapshot, since, until = self._all(_SNAPSHOT)[0]
        if snapshot == self._snapshot or not self.tables:
            return
        # Transactions not finished in the last snapshot have ids from its xmin on. Ids wrap around
        # after 2^32, and then all rows are read.
        same_epoch = self._until // _XIDS == until // _XIDS
        oldest = self._since % _XIDS if self._snapshot and same_epoch else 0
        for label, count, rows in self._all(self._query(oldest)):
            fresh = dict(rows or ())
            yield from ((label, key, row) for key, row in fresh.items())
            if count < len(known[label].keys() | fresh.keys()):
                left = {key for (key,) in self._all(self._keys_of(label))}
                yield from ((label, key, None) for key in known[label].keys() - left)
            if count > MOST_ROWS:
                self.left_out[label] = f"it has more than {MOST_ROWS:,} rows now"
                del self.tables[label]
        self._snapshot, self._since, self._until = snapshot, since, until

    def _query(self, oldest: int) -> sql.Composed:
        """Return the query for each table's row count and its rows with a recent `xmin`."""
        parts = (
            sql.SQL(
                "SELECT {}, count(*), array_agg(ARRAY[{}, to_json(lockstep_row)::text])"
                " FILTER (WHERE lockstep_row.xmin::text::bigint >= {}) FROM {} lockstep_row"
            ).format(label, self._key_of(label), oldest, self._places[label])
            for label in self.tables
        )
        return sql.SQL(" UNION ALL ").join(parts)

    def _keys_of(self, label: str) -> sql.Composed:
        return sql.SQL("SELECT {} FROM {} lockstep_row").format(
            self._key_of(label), self._places[label]
        )

    def _key_of(self, label: str) -> sql.Composed:
        """Return the expression for a row's key: the primary key, else the physical location."""
        columns = [sql.Identifier("lockstep_row", column) for column in self.tables[label].key]
        if not columns:
            return sql.SQL("lockstep_row.tableoid::text || lockstep_row.ctid::text").format()
        return sql.SQL("json_build_array({})::text").format(sql.SQL(", ").join(columns))

    def _all(self, query: str | sql.Composed, values: Iterable[Any] | None = None) -> list[Row]:
        text = sql.SQL(query) if isinstance(query, str) else query
        parameters = None if values is None else [list(values)]
        return list(self._connection.execute(text, parameters))


def connect(url: str) -> psycopg.Connection[Any]:
    """Open a read-only autocommit connection. Raises `DatabaseError`."""
    try:
        connection = psycopg.connect(
            _SCHEME.sub("postgresql://", url), autocommit=True, connect_timeout=_SECONDS
        )
        for setting in _SETTINGS:
            connection.execute(setting)
    except psycopg.Error as error:
        raise DatabaseError(reason(error)) from error
    return connection


def reason(error: psycopg.Error) -> str:
    """Return the server's error message in one line; it contains no password."""
    message = error.diag.message_primary or str(error).strip().splitlines()[-1]
    return message.strip() or type(error).__name__
