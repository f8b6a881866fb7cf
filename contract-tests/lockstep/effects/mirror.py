"""A snapshot of one database's rows, and the changes since a baseline."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lockstep.effects.sqlite import Sqlite
from lockstep.effects.tables import BYTES, TIME, Database, DatabaseError, Table
from lockstep.transport.literals import Object, parse

_FRACTION = re.compile(r"(?<=\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?=\D|$)")
_MICROSECONDS = 6


@dataclass(slots=True)
class TableChanges:
    """The rows of one table that were inserted, changed and deleted.

    A changed row has its key and the new values of the columns that changed.
    """

    inserted: list[Object] = field(default_factory=list)
    changed: list[Object] = field(default_factory=list)
    deleted: list[Object] = field(default_factory=list)


Changes = Mapping[str, TableChanges]


class Mirror:
    """A snapshot of the rows of one database; to be used by one exchange at a time."""

    def __init__(self, database: Database) -> None:
        """Read all rows. Raises `DatabaseError`."""
        self._database = database
        self._rows: dict[str, dict[str, str]] = defaultdict(dict)
        self._before: dict[tuple[str, str], str | None] = {}
        # The watch that refreshed the snapshot last.
        self.seen_by: object = None
        self._refresh()
        self.settle()

    @property
    def tables(self) -> Mapping[str, Table]:
        """The tables whose rows are compared."""
        return self._database.tables

    @property
    def left_out(self) -> Mapping[str, str]:
        """Reasons why the rows of other tables are not compared, by table."""
        return self._database.left_out

    def settle(self) -> None:
        """Make the latest snapshot the baseline."""
        self._before.clear()

    def changes(self) -> Changes:
        """Return the changes since the baseline. Raises `DatabaseError`."""
        self._refresh()
        found: dict[str, TableChanges] = defaultdict(TableChanges)
        for (name, key), before in self._before.items():
            table, after = self.tables.get(name), self._rows[name].get(key)
            if table is None or before == after:
                continue
            if before is None and after is not None:
                found[name].inserted.append(_read(table, after))
            elif after is None and before is not None:
                found[name].deleted.append(_read(table, before))
            elif before is not None and after is not None:
                found[name].changed.append(_changed(table, before, after))
        return found

    def close(self) -> None:
        """Close the connection to the database."""
        self._database.close()

    def _refresh(self) -> None:
        for name, key, row in self._database.look(self._rows):
            known = self._rows[name].get(key)
            if known == row:
                continue
            self._before.setdefault((name, key), known)
            if row is None:
                del self._rows[name][key]
            else:
                self._rows[name][key] = row


def open_mirror(url: str) -> Mirror:
    """Open the database at `postgresql://…`, `mysql://…`, `mariadb://…` or `sqlite:///FILE`.

    Raises `DatabaseError`.
    """
    scheme = url.partition(":")[0].partition("+")[0]
    if scheme in ("postgresql", "postgres"):
        return Mirror(_postgresql(url))
    if scheme in ("mysql", "mariadb"):
        return Mirror(_mysql(url))
    if scheme == "sqlite":
        return Mirror(Sqlite(url))
    known = "postgresql:, mysql: and sqlite:"
    raise DatabaseError(f"databases at {scheme}: cannot be read, only {known}")


def _postgresql(url: str) -> Database:
    try:
        from lockstep.effects.postgresql import PostgreSql
    except ImportError as error:
        raise DatabaseError("PostgreSQL needs pip install 'lockstep-http[effects]'") from error
    return PostgreSql(url)


def _mysql(url: str) -> Database:
    try:
        from lockstep.effects.mysql import MySql
    except ImportError as error:
        raise DatabaseError("MySQL needs pip install 'lockstep-http[effects]'") from error
    return MySql(url)


def _changed(table: Table, before: str, after: str) -> Object:
    old, new = _read(table, before), _read(table, after)
    return Object([item for item in new.items() if item[0] in table.key or old[item[0]] != item[1]])


def _read(table: Table, row: str) -> Object:
    every = parse(row.encode("utf-8", "surrogatepass"))
    return Object(
        [(name, _plain(table.columns.get(name, ""), each)) for name, each in every.items()]
    )


def _plain(kind: str, value: Any) -> Any:
    """Normalize a value for comparison: instants to the microsecond, bytes in hexadecimal."""
    if not isinstance(value, str):
        return value
    if kind == TIME:
        return _FRACTION.sub(
            lambda match: f".{(match[1] or '').ljust(_MICROSECONDS, '0')}", value, 1
        )
    return value.removeprefix("\\x") if kind == BYTES else value
