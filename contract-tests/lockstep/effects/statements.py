"""Counts the SQL statements that a PostgreSQL server has executed for a database.

The source is `pg_stat_statements`, else the server's log if `log_statement` is `all` and it is
written as `jsonlog`. The scans and rows of `pg_stat_user_tables` would not do: a join that looks up
each row in an index counts as many scans as a statement for each row.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator
from typing import Any, Protocol

import psycopg
from psycopg import sql

from lockstep.effects.postgresql import connect, reason
from lockstep.effects.tables import DatabaseError

# Not queries for data; clients differ in how many of these they send.
_ASIDE = r"^\s*(begin|start|commit|end|rollback|abort|savepoint|release|set|reset|show|discard)\M"
_EXTENSION = """
    SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_stat_statements'"""
_COUNT = """
    SELECT coalesce(sum(calls), 0)::bigint FROM {}
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND query !~* {} AND query NOT LIKE '%pg_stat_statements%'"""
_LOG = """
    SELECT current_setting('log_statement'), pg_current_logfile('jsonlog'), current_database()"""
_PART = "SELECT pg_read_binary_file(%s, %s, %s)"
_SIZE = "SELECT size FROM pg_stat_file(%s)"
_LOGGED = re.compile(r"(?:statement|execute [^:]*): (?P<text>.*)", re.DOTALL)
_SKIPPED = re.compile(_ASIDE.replace(r"\M", r"\b"), re.IGNORECASE)
_MOST_BYTES = 4 << 20
_WAIT_SECONDS = 2.0
_PAUSE = 0.005


class Counter(Protocol):
    """Counts the statements that other clients sent to a database."""

    def count(self) -> int:
        """Return the number of statements since some point. Raises `DatabaseError`."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def open_counter(url: str) -> Counter:
    """Open a statement counter for the database at a URL. Raises `DatabaseError`."""
    connection = connect(url)
    try:
        found = connection.execute(_EXTENSION).fetchone()
        if found is not None:
            counter = _Statistics(connection, str(found[0]))
            counter.count()
            return counter
        statement, file, database = connection.execute(_LOG).fetchone() or ("", None, "")
        if statement == "all" and file is not None:
            log = _Log(connection, str(file), str(database))
            log.count()
            return log
    except psycopg.Error as error:
        connection.close()
        raise DatabaseError(reason(error)) from error
    except DatabaseError:
        connection.close()
        raise
    connection.close()
    raise DatabaseError(
        "neither pg_stat_statements nor a jsonlog with log_statement = all is available"
    )


class _Statistics:
    """Counts by the view `pg_stat_statements`."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str) -> None:
        self._connection = connection
        view = sql.Identifier(schema, "pg_stat_statements")
        self._query = sql.SQL(_COUNT).format(view, sql.Literal(_ASIDE))

    def count(self) -> int:
        try:
            (number,) = self._connection.execute(self._query).fetchone() or (0,)
        except psycopg.Error as error:
            raise DatabaseError(reason(error)) from error
        return int(number)

    def close(self) -> None:
        self._connection.close()


class _Log:
    """Counts by the server's JSON log, which is read over a connection to the server."""

    def __init__(self, connection: psycopg.Connection[Any], file: str, database: str) -> None:
        self._connection = connection
        self._file, self._database = file, database
        (size,) = connection.execute(_SIZE, [file]).fetchone() or (0,)
        self._at = int(size)
        self._rest = b""
        self._number = 0

    def count(self) -> int:
        """Return the count once a marker statement, sent now, has shown up in the log."""
        mark = f"lockstep {secrets.token_hex(8)}"
        until = time.monotonic() + _WAIT_SECONDS
        try:
            self._connection.execute(sql.SQL("SELECT {}").format(sql.Literal(mark)))
            while not self._read(mark):
                if time.monotonic() > until:
                    raise DatabaseError("the log of the server has no statements of lockstep's own")
                time.sleep(_PAUSE)
        except psycopg.Error as error:
            raise DatabaseError(reason(error)) from error
        return self._number

    def close(self) -> None:
        self._connection.close()

    def _read(self, mark: str) -> bool:
        """Read new log lines. Returns whether the marker was among them."""
        values = [self._file, self._at, _MOST_BYTES]
        (part,) = self._connection.execute(_PART, values).fetchone() or (b"",)
        self._at += len(part)
        *lines, self._rest = (self._rest + bytes(part)).split(b"\n")
        seen = False
        for entry in _entries(lines):
            text = _LOGGED.match(str(entry.get("message", "")))
            if text is None or entry.get("dbname") != self._database:
                continue
            if entry.get("application_name") == "lockstep":
                seen = seen or mark in text["text"]
            elif _SKIPPED.match(text["text"]) is None:
                self._number += 1
        if not part:
            self._follow()
        return seen

    def _follow(self) -> None:
        """Switch to the next log file after a rotation."""
        (file,) = self._connection.execute("SELECT pg_current_logfile('jsonlog')").fetchone() or (
            None,
        )
        if file is not None and file != self._file:
            self._file, self._at, self._rest = str(file), 0, b""


def _entries(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry
