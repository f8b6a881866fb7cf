"""A streaming replica of an embedded PostgreSQL: hot standby, asynchronous."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg

from testbed.directories import server_directory
from testbed.postgres import PostgresServer

# Where replaying would be in the way of a long read, it goes on and the read is cancelled.
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
        self._execute(b"SELECT pg_wal_replay_pause()")

    def go_on(self) -> None:
        """Replay what has arrived, and what arrives."""
        self._execute(b"SELECT pg_wal_replay_resume()")

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

    def _execute(self, statement: bytes) -> None:
        with psycopg.connect(self._server.url, autocommit=True) as connection:
            connection.execute(statement)

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
