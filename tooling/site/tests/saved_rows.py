"""A snapshot of the rows of a database, so that each test starts with the same."""

from typing import Self

import psycopg
from psycopg import sql

# Parents before children. All other tables depend on these, or start empty.
_TABLES = ("users", "sessions", "refresh_tokens", "tasks", "time_entries")
_COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'
"""


class SavedRows:
    """A snapshot of all rows at creation; servers may stay connected."""

    def __init__(self, database_url: str) -> None:
        self._connection = psycopg.connect(database_url, autocommit=True)
        self._connection.execute("CREATE SCHEMA saved")
        restoring: list[sql.Composable] = [sql.SQL("TRUNCATE users, rate_limits CASCADE")]
        for table in _TABLES:
            columns = sql.SQL(", ").join(
                sql.Identifier(name) for (name,) in self._connection.execute(_COLUMNS, [table])
            )
            names = {"columns": columns, "table": sql.Identifier(table)}
            self._connection.execute(
                sql.SQL("CREATE TABLE saved.{table} AS SELECT {columns} FROM {table}").format(
                    **names
                )
            )
            restoring.append(
                sql.SQL(
                    "INSERT INTO {table} ({columns}) SELECT {columns} FROM saved.{table}"
                ).format(**names)
            )
        self._restoring = sql.SQL("; ").join(restoring)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def restore(self) -> None:
        """Restore the rows atomically."""
        with self._connection.transaction():
            self._connection.execute(self._restoring)
