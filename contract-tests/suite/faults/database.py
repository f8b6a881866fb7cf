"""A separate database for a server, with its own role, and the faults it can have."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from suite.faults.proxy import Proxy
from testbed.databases import Databases

SLOW_SECONDS = 0.05
_RENAME_SECONDS = 10.0
_RAISE = """
CREATE SEQUENCE faults.raised;
CREATE FUNCTION faults.raise() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF nextval('faults.raised') <= {times} THEN
        RAISE EXCEPTION 'raised by a test' USING ERRCODE = {state};
    END IF;
    RETURN NULL;
END $$
"""
_TRIGGER = """
CREATE TRIGGER raises BEFORE INSERT OR UPDATE OR DELETE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION faults.raise()
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"
_WITHOUT_END = 2**62


class Database:
    """A copy of a template behind its own proxy; everything is removed at the end of `opened`."""

    def __init__(self, databases: Databases, name: str, template: str) -> None:
        self._databases = databases
        self._name = name
        self._template = template
        self._role = f"{databases.prefix}{name}_role"
        self.password = secrets.token_hex(16)

    @contextmanager
    def opened(self) -> Iterator[Database]:
        """Create it, and drop it at the end."""
        address = urlsplit(self._databases.admin_url)
        with ExitStack() as stack:
            self._databases.create(self._name, template=self._template)
            stack.callback(self._drop)
            self._execute(
                "CREATE ROLE {role} LOGIN PASSWORD {password}", password=sql.Literal(self.password)
            )
            for statement in (
                "GRANT ALL ON SCHEMA public TO {role}",
                "GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}",
            ):
                self._execute(statement, inside=True)
            self.proxy = Proxy(address.hostname or "", address.port or 5432)
            stack.enter_context(self.proxy)
            yield self

    @property
    def url(self) -> str:
        """The URL for a server, through the proxy."""
        name = f"{self._databases.prefix}{self._name}"
        return f"postgresql://{self._role}:{self.password}@127.0.0.1:{self.proxy.port}/{name}"

    @contextmanager
    def failing(self, deed: Mapping[str, Any]) -> Iterator[None]:
        """Context manager that applies the fault described by `deed`."""
        ways: Mapping[str, Callable[[], Any]] = {
            "cut": self.proxy.cut,
            "frozen": self.proxy.freeze,
            "failed_over": self.proxy.swallow,
            "slow": lambda: self.proxy.slow(SLOW_SECONDS),
        }
        with ExitStack() as stack:
            stack.callback(self.proxy.heal)
            if deed["database"] in ways:
                ways[deed["database"]]()
            else:
                stack.enter_context(getattr(self, f"_{deed['database']}")(deed))
            yield

    @contextmanager
    def _locked(self, _deed: Mapping[str, Any]) -> Iterator[None]:
        with psycopg.connect(self._inside) as connection:
            tables = [name for (name,) in connection.execute(_TABLES)]
            listed = sql.SQL(", ").join(map(sql.Identifier, tables))
            connection.execute(sql.SQL("LOCK TABLE {}").format(listed))
            yield
            connection.rollback()

    @contextmanager
    def _read_only(self, _deed: Mapping[str, Any]) -> Iterator[None]:
        self._execute("ALTER ROLE {role} SET default_transaction_read_only = on")
        self._end_sessions()
        yield
        # Existing sessions remain read-only: a client must connect anew to write.
        self._execute("ALTER ROLE {role} RESET default_transaction_read_only")

    @contextmanager
    def _without_connections(self, _deed: Mapping[str, Any]) -> Iterator[None]:
        self._execute("ALTER ROLE {role} CONNECTION LIMIT 0")
        self._end_sessions()
        yield
        self._execute("ALTER ROLE {role} CONNECTION LIMIT -1")

    @contextmanager
    def _wrong_password(self, _deed: Mapping[str, Any]) -> Iterator[None]:
        self._execute("ALTER ROLE {role} PASSWORD {password}", password=sql.Literal("another"))
        self._end_sessions()
        yield
        self._execute("ALTER ROLE {role} PASSWORD {password}", password=sql.Literal(self.password))

    @contextmanager
    def _wrong_role(self, _deed: Mapping[str, Any]) -> Iterator[None]:
        self._execute("ALTER ROLE {role} NOLOGIN")
        self._end_sessions()
        yield
        self._execute("ALTER ROLE {role} LOGIN")

    @contextmanager
    def _wrong_name(self, _deed: Mapping[str, Any]) -> Iterator[None]:
        ours = sql.Identifier(f"{self._databases.prefix}{self._name}")
        other = sql.Identifier(f"{self._databases.prefix}{self._name}_renamed")
        self._rename(ours, other)
        yield
        self._rename(other, ours)

    @contextmanager
    def _without_tables(self, _deed: Mapping[str, Any]) -> Iterator[None]:
        self._execute("ALTER SCHEMA public RENAME TO hidden", inside=True)
        self._execute("CREATE SCHEMA public", inside=True)
        yield
        self._execute("DROP SCHEMA public", inside=True)
        self._execute("ALTER SCHEMA hidden RENAME TO public", inside=True)

    @contextmanager
    def _raises(self, deed: Mapping[str, Any]) -> Iterator[None]:
        with psycopg.connect(self._inside, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA faults")
            given = {
                "times": sql.Literal(deed.get("times", _WITHOUT_END)),
                "state": sql.Literal(deed["state"]),
            }
            connection.execute(sql.SQL(_RAISE).format(**given))
            tables = deed.get("on") or [name for (name,) in connection.execute(_TABLES)]
            for table in tables:
                connection.execute(sql.SQL(_TRIGGER).format(table=sql.Identifier(table)))
            yield
            connection.execute("SET client_min_messages = warning")
            connection.execute("DROP SCHEMA faults CASCADE")

    @property
    def _inside(self) -> str:
        return self._databases.url(self._name)

    def _execute(
        self, statement: LiteralString, *, inside: bool = False, **given: sql.Composable
    ) -> None:
        url = self._inside if inside else self._databases.admin_url
        with psycopg.connect(url, autocommit=True) as connection:
            named = {"role": sql.Identifier(self._role), **given}
            connection.execute(sql.SQL(statement).format(**named))

    def _end_sessions(self) -> None:
        with psycopg.connect(self._databases.admin_url, autocommit=True) as connection:
            connection.execute(_END_SESSIONS, [self._role])

    def _rename(self, old: sql.Identifier, new: sql.Identifier) -> None:
        deadline = time.monotonic() + _RENAME_SECONDS
        while True:
            self._end_sessions()
            try:
                self._execute("ALTER DATABASE {old} RENAME TO {new}", old=old, new=new)
            except psycopg.errors.ObjectInUse:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def _drop(self) -> None:
        self._databases.drop(self._name)
        self._execute("DROP ROLE IF EXISTS {role}")
