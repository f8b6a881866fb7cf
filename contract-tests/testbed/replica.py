"""A streaming replica of an embedded PostgreSQL: hot standby, asynchronous."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg

from testbed.directories import PostgresError, server_directory
from testbed.postgres import PostgresServer

_SECONDS = 60.0
# If a long read blocks replaying, the read is cancelled.
_SETTINGS = {"hot_standby": "on", "max_standby_streaming_delay": "0"}


class Replica:
    """A running replica, which can be held back, frozen and stopped."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    def url(self, database_url: str) -> str:
        """The URL of the same database here."""
        there, here = urlsplit(database_url), urlsplit(self._server.url)
        return urlunsplit(here._replace(path=there.path))

    def hold(self) -> None:
        """Replay nothing more of what arrives."""
        self._ask(b"SELECT pg_wal_replay_pause()")
        self._wait(b"SELECT pg_get_wal_replay_pause_state() = 'paused'")

    def go_on(self) -> None:
        """Replay what has arrived, and what arrives."""
        self._ask(b"SELECT pg_wal_replay_resume()")

    def catch_up(self, primary: PostgresServer) -> None:
        """Return when all that has happened on the primary until now is replayed."""
        with psycopg.connect(primary.url, autocommit=True) as connection:
            row = connection.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
            # The log is sent as far as it is on the disk, which a commit brings about.
            connection.execute("SELECT pg_logical_emit_message(true, '', '')")
        assert row is not None
        self._wait(f"SELECT pg_last_wal_replay_lsn() >= '{row[0]}'".encode())

    def freeze(self) -> None:
        """Stop all its processes without closing anything, until thaw()."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let its processes go on."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Cut all connections."""
        self._server.stop()

    def restart(self) -> None:
        """Start again with the same data on the same port."""
        self._server.restart()

    def _ask(self, statement: bytes) -> Any:
        with psycopg.connect(self._server.url, autocommit=True) as connection:
            row = connection.execute(statement).fetchone()
        return row and row[0]

    def _wait(self, condition: bytes) -> None:
        deadline = time.monotonic() + _SECONDS
        while not self._ask(condition):
            if time.monotonic() > deadline:
                raise PostgresError(f"The replica did not get so far: {condition.decode()}")
            time.sleep(0.01)

    def _signal(self, number: int) -> None:
        postmaster = psutil.Process(self._server.pid)
        for process in (postmaster, *postmaster.children()):
            os.kill(process.pid, number)


@contextmanager
def replica_of(primary: PostgresServer) -> Iterator[Replica]:
    """Run a replica of a server until the context ends. Raises PostgresError."""
    with server_directory(None) as home:
        server = PostgresServer(home, durable=False, settings=_SETTINGS)
        server.copy(primary)
        try:
            server.boot()
            yield Replica(server)
        finally:
            server.stop()
