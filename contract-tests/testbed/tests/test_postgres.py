"""The embedded PostgreSQL starts, stops, restarts, and leaves no files or processes."""

import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from testbed.databases import Databases
from testbed.directories import PostgresError
from testbed.postgres import PostgresServer

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Processes are watched by pidfd.")

# Starts a server, prints its process ID and data directory, and waits for the end.
HOLDER = """
import sys
import psycopg
from testbed.postgres import PostgresServer
from testbed.processes import ended_by_signals

with ended_by_signals(), PostgresServer.start() as server:
    with psycopg.connect(server.url) as connection:
        query = "SELECT pg_read_file('postmaster.pid'), current_setting('data_directory')"
        lines, directory = connection.execute(query).fetchone()
    print(lines.split()[0], directory, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer.start() as running:
        yield running


@pytest.fixture
def holder() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.fixture
def directory() -> Iterator[Path]:
    # Not tmp_path: the account that PostgreSQL runs as under root cannot access its parents.
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def server_of(holder: "subprocess.Popen[str]") -> tuple[int, Path]:
    assert holder.stdout is not None
    pid, directory = holder.stdout.readline().split()
    return int(pid), Path(directory)


def wait_for_end(process_file: int) -> None:
    """Wait up to 20 seconds until the process of a pidfd has ended."""
    assert select.select([process_file], [], [], 20)[0], "PostgreSQL still runs."
    os.close(process_file)


def test_data_and_port_survive_a_restart(server: PostgresServer) -> None:
    databases = Databases(server.url)
    url = databases.create("survivor")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
    server.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    server.restart()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (1,)


def test_template_is_copied(server: PostgresServer) -> None:
    databases = Databases(server.url, prefix="copied_")
    with psycopg.connect(databases.create("template")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
    with psycopg.connect(databases.create("copy", template="template")) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (1,)
    databases.close()
    assert not databases.exists("template")
    assert not databases.exists("copy")


def test_wrong_password_is_refused(server: PostgresServer) -> None:
    parts = urlsplit(server.url)
    stranger = f"postgresql://postgres:guess@127.0.0.1:{parts.port}/postgres"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(stranger)


def test_data_directory_is_reused_by_the_next_server(directory: Path) -> None:
    with PostgresServer.start(directory) as first:
        Databases(first.url).create("kept")
        refused = pytest.raises(PostgresError, match="Another process uses")
        with refused, PostgresServer.start(directory):
            pass
    with PostgresServer.start(directory) as second:
        assert Databases(second.url).exists("kept")


@linux_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_leaves_no_files_or_processes(
    holder: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    pid, data = server_of(holder)
    process_file = os.pidfd_open(pid)
    holder.send_signal(number)
    assert holder.wait(20) == 128 + number
    wait_for_end(process_file)
    assert not data.parent.exists()


@linux_only
def test_killed_command_leaves_no_server(holder: "subprocess.Popen[str]") -> None:
    pid, data = server_of(holder)
    process_file = os.pidfd_open(pid)
    holder.kill()
    wait_for_end(process_file)
    with PostgresServer.start():
        assert not data.parent.exists(), "The next server deletes what the killed one left."
