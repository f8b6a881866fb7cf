"""How long a server takes to respond: after its start, and after a database outage."""

import http.client
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg

from testbed.postgres import PostgresServer
from testbed.servers import TwinServer

_POLL_SECONDS = 0.005
_PATIENCE_SECONDS = 60.0


class NotReadyError(Exception):
    """A server did not respond in time, or did not notice the database outage."""


def seconds_to_start(server: TwinServer) -> float:
    """Launch a server; return the seconds until GET /ready returns 200. Raises NotReadyError."""
    begin = time.perf_counter()
    server.launch()
    return _wait(server, lambda status: status == 200) - begin


def seconds_to_recover(server: TwinServer, database: PostgresServer) -> float:
    """Stop the database until the server returns 503, and start it again.

    Returns the seconds from the first connection that the database accepts to the first 200 of GET
    /ready, 0 if the server was faster than the probe. Raises NotReadyError.
    """
    database.stop()
    try:
        _wait(server, lambda status: status == 503)
    except BaseException:
        database.restart()
        raise
    with ThreadPoolExecutor(2) as threads:
        back = threads.submit(_first_connection, database.url)
        ready = threads.submit(_wait, server, lambda status: status == 200)
        database.restart()
    return max(0.0, ready.result() - back.result())


def _first_connection(url: str) -> float:
    """Return the instant at which the database first accepts a connection."""
    deadline = time.perf_counter() + _PATIENCE_SECONDS
    while time.perf_counter() < deadline:
        try:
            psycopg.connect(url).close()
            return time.perf_counter()
        except psycopg.OperationalError:
            time.sleep(_POLL_SECONDS)
    raise NotReadyError("The database did not come back.")


def _wait(server: TwinServer, done: Callable[[int | None], bool]) -> float:
    """Poll until the status is the right one; return the instant of that response."""
    deadline = time.perf_counter() + _PATIENCE_SECONDS
    while time.perf_counter() < deadline:
        if done(_status(server)):
            return time.perf_counter()
        ended = server.wait(_POLL_SECONDS)
        if ended is not None:
            raise NotReadyError(f"The {server.kind} server ended with {ended}; log: {server.log}")
    raise NotReadyError(f"The {server.kind} server was not ready; log: {server.log}")


def _status(server: TwinServer) -> int | None:
    """Return the status of GET /ready, None if there is no response."""
    assert server.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
