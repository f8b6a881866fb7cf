"""The SQL that a twin sends for a request, as PostgreSQL itself has logged it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from twins.databases import Databases
from twins.postgres import PostgresServer

# What the server must be started with; only databases for which log_statements() was called log.
LOGGING = {
    "logging_collector": "on",
    "log_destination": "jsonlog",
    "log_directory": "statements",
    "log_filename": "postgres.log",
}

_EXECUTE = re.compile(r"(?:execute [^:]*|statement): ", re.DOTALL)
_PARAMETER = re.compile(r"\$\d+ = (?:NULL|'((?:[^']|'')*)')", re.DOTALL)


@dataclass(frozen=True)
class Statement:
    """One statement; parameters are the texts that PostgreSQL understood them as, None for NULL."""

    sql: str
    parameters: tuple[str | None, ...]

    def replayable(self, fresh: str | None) -> dict[str, Any]:
        """As data for a bare handler; the parameter that equals `fresh` is made anew each time."""
        marked = [
            {"fresh": "uuid"} if fresh and value == fresh else value for value in self.parameters
        ]
        return {"sql": self.sql, "parameters": marked}


def log_statements(databases: Databases, name: str) -> None:
    """Have a database log every statement of later connections, with its parameters."""
    with psycopg.connect(databases.url(name), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE \"{name}\" SET log_statement = 'all'")


@contextmanager
def record_statements(server: PostgresServer) -> Iterator[list[Statement]]:
    """Give a list that has all that was logged meanwhile once the context has ended."""
    log = server.data / LOGGING["log_directory"] / "postgres.json"
    before = log.stat().st_size if log.exists() else 0
    statements: list[Statement] = []
    yield statements
    statements.extend(_statements(log, before))


def _statements(log: Path, offset: int) -> Iterator[Statement]:
    with log.open(encoding="utf-8") as lines:
        lines.seek(offset)
        for line in lines:
            entry = json.loads(line)
            found = _EXECUTE.match(entry["message"])
            if found:
                yield Statement(
                    entry["message"][found.end() :], parse_parameters(entry.get("detail", ""))
                )


def parse_parameters(detail: str) -> tuple[str | None, ...]:
    """The values in PostgreSQL's `Parameters: $1 = 'a', $2 = NULL`."""
    return tuple(
        None if found[1] is None else found[1].replace("''", "'")
        for found in _PARAMETER.finditer(detail)
    )
