"""Runs PgBouncer in front of a database, if it is installed: clients share connections."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from testbed import processes
from testbed.directories import server_directory
from testbed.ports import free_port
from testbed.postgres import unprivileged_account

# Debian installs it outside the PATH of users.
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
_START_SECONDS = 10.0
_SETTINGS = """[databases]
{name} = host={host} port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 200
"""


class PgBouncerError(Exception):
    """PgBouncer did not start; the message ends with its log."""


def pgbouncer_program() -> str | None:
    """Return the path of the program, `None` if it is not installed."""
    return shutil.which("pgbouncer", path=_PATH)


@contextmanager
def pgbouncer(program: str, database_url: str, log: Path, pool_size: int) -> Iterator[str]:
    """Run it in transaction mode; yield the URL of the database through it.

    Raises PgBouncerError.
    """
    address, port, account = urlsplit(database_url), free_port(), unprivileged_account()
    text = _SETTINGS.format(
        name=address.path.removeprefix("/"),
        host=address.hostname,
        port=address.port or 5432,
        user=address.username,
        password=address.password,
        own_port=port,
        pool_size=pool_size,
    )
    with server_directory(None) as home:
        settings = home / "pgbouncer.ini"
        settings.write_text(text, encoding="utf-8")
        if account is not None:
            for path in (home, settings):
                os.chown(path, *account)
        process = processes.start(
            [program, settings], output=log, cwd=home, env=dict(os.environ), account=account
        )
        try:
            _wait_until_listening(process, port, log)
            credentials = address.netloc.rpartition("@")[0]
            yield urlunsplit(address._replace(netloc=f"{credentials}@127.0.0.1:{port}"))
        finally:
            processes.kill(process)


def _wait_until_listening(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
    raise PgBouncerError(f"PgBouncer did not start.\n{processes.last_lines(log)}")
