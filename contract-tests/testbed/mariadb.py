"""MariaDB, where it is installed: a server on a free port, whose data are gone with it."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymysql

from testbed import processes
from testbed.directories import server_directory
from testbed.ports import free_port
from testbed.postgres import unprivileged_account

# Debian puts it where the PATH of users does not lead.
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
_START_SECONDS = 30.0
_SYSTEM = ("system_tables", "performance_tables", "system_tables_data")


class MariaDbError(Exception):
    """MariaDB did not start; the message ends with its log."""


def mariadb_program() -> str | None:
    """The path of the server, if it is installed."""
    return shutil.which("mariadbd", path=_PATH)


def connect(url: str) -> "pymysql.Connection[Any]":
    """A connection to the database at a `mysql:` URL; each statement is a transaction."""
    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname or "",
        port=parts.port or 0,
        user=parts.username or "",
        database=parts.path.lstrip("/") or None,
        charset="utf8mb4",
        autocommit=True,
    )


@contextmanager
def mariadb(program: str) -> Iterator[str]:
    """Run a server that lets everybody in; yield its URL, without a database. MariaDbError."""
    account, port = unprivileged_account(), free_port()
    # Its files lie beside the program's own folder, also where it is not installed at the root.
    share = Path(program).parent.parent / "share" / "mysql"
    with server_directory(None) as home:
        data, log = home / "data", home / "mariadb.log"
        data.mkdir()
        if account is not None:
            for path in (home, data):
                os.chown(path, *account)
        common: list[str | Path] = [
            *(program, "--no-defaults", f"--datadir={data}", f"--lc-messages-dir={share}"),
            *("--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0"),
        ]
        statements = "".join((share / f"mysql_{name}.sql").read_text("utf-8") for name in _SYSTEM)
        made = subprocess.run(
            [*common, "--bootstrap"],
            input=f"CREATE DATABASE mysql;\nUSE mysql;\n{statements}".encode(),
            capture_output=True,
            user=account[0] if account else None,
            group=account[1] if account else None,
        )
        if made.returncode:
            raise MariaDbError(made.stderr.decode("utf-8", "replace")[-2_000:])
        process = processes.start(
            [
                *(*common, "--skip-grant-tables", f"--port={port}", "--bind-address=127.0.0.1"),
                f"--socket={data}/socket",
            ],
            output=log,
            cwd=home,
            env=dict(os.environ),
            account=account,
            death_signal=signal.SIGTERM,
        )
        try:
            url = f"mysql://root@127.0.0.1:{port}/"
            _wait(process, url, log)
            yield url
        finally:
            processes.stop(process)


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    for _ in range(int(_START_SECONDS / 0.05)):
        try:
            with closing(connect(url)):
                return
        except pymysql.Error:
            time.sleep(0.05)
        if process.poll() is not None:
            break
    raise MariaDbError(f"MariaDB did not start.\n{processes.last_lines(log)}")
