"""Databases on a PostgreSQL server: created from templates, dropped at the end."""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from testbed.postgres import PostgresServer


class Databases:
    """Creates databases on one server and drops all of them on close().

    prefix: put before every name, so that runs on a shared external server do not collide.
    """

    def __init__(self, admin_url: str, prefix: str = "") -> None:
        self.admin_url = admin_url
        self.prefix = prefix
        self._created: list[str] = []

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        return urlunsplit(urlsplit(self.admin_url)._replace(path=f"/{self.prefix}{name}"))

    def create(self, name: str, template: str | None = None) -> str:
        """Create a database, optionally as a copy of a template, and return its URL.

        No client may be connected to the template meanwhile.
        """
        source = "template0" if template is None else self.prefix + template
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(self.prefix + name), sql.Identifier(source)
            )
        )
        self._created.append(name)
        return self.url(name)

    def execute(self, name: str, statements: Iterable[str]) -> None:
        """Execute statements in a database, each in its own transaction."""
        for statement in statements:
            with psycopg.connect(self.url(name)) as connection:
                connection.execute(statement.encode())

    def drop(self, name: str) -> None:
        """Drop a database, closing its connections."""
        self._execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(self.prefix + name)
            )
        )
        self._created.remove(name)

    def exists(self, name: str) -> bool:
        """Whether the server has a database of this name."""
        with psycopg.connect(self.admin_url) as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [self.prefix + name]
            )
            return found.fetchone() is not None

    def version(self) -> str:
        """Return the version of the server, such as `18.4`."""
        with psycopg.connect(self.admin_url) as connection:
            row = connection.execute("SHOW server_version").fetchone()
            return str(row[0]).split()[0] if row else "unknown"

    def close(self) -> None:
        """Drop every database that was created here and still exists."""
        for name in list(self._created):
            self.drop(name)

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def open_databases() -> Iterator[tuple[Databases, PostgresServer | None]]:
    """Yield databases on the server of DATABASE_URL, or on an embedded one.

    The embedded server is yielded too, so that it can be stopped; an external one is not touched.
    """
    outside = os.environ.get("DATABASE_URL")
    if not outside:
        with PostgresServer.start() as server:
            yield Databases(server.url), server
        return
    databases = Databases(outside, prefix=f"task_timer_{secrets.token_hex(4)}_")
    try:
        yield databases, None
    finally:
        databases.close()
