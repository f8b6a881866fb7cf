"""Runs the twins, and other frameworks on top of their services, as processes."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from testbed import processes
from testbed.paths import CONTRACT, DOCS, NODE, NODE_ADAPTERS, PYTHON_ADAPTERS, WITHOUT_ENV_FILE
from testbed.ports import free_port

Kind = Literal["python", "node"]
KINDS: tuple[Kind, ...] = ("python", "node")


@dataclass(frozen=True)
class Server:
    """A server that implements the contract: its runtime, and the program to run."""

    runtime: Kind
    program: tuple[str, ...]


SERVERS: Mapping[str, Server] = {
    "python": Server("python", ("-m", "task_timer.main")),
    "node": Server("node", (str(NODE / "dist" / "main.js"),)),
    "fastapi": Server("python", (str(PYTHON_ADAPTERS / "fastapi" / "main.py"),)),
    "django": Server("python", (str(PYTHON_ADAPTERS / "django" / "main.py"),)),
    "fastify": Server("node", (str(NODE_ADAPTERS / "fastify" / "dist" / "main.js"),)),
    "nest": Server("node", (str(NODE_ADAPTERS / "nest" / "dist" / "main.js"),)),
}

_READY_SECONDS = 30.0
_POLL_SECONDS = 0.05
_ATTEMPTS = 5
# JSON mapping from server name to a command to run instead: a copy with a fault.
INSTEAD = "SERVER_COMMANDS"
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")

# Equal for both, so that a token of one is valid for the other.
TEST_SETTINGS: Mapping[str, str] = {
    "APP_ENV": "test",
    "SECRET_KEY": "a secret for tests, known to all: 0123456789",
    "RATE_LIMIT_PER_MINUTE": "1000000",
    "CREDENTIAL_LIMIT_PER_MINUTE": "1000000",
    "CONTRACT_PATH": str(CONTRACT),
    "DOCS_PATH": str(DOCS),
}


class ServerError(Exception):
    """A server did not start; the message ends with its log."""


def node_program() -> str:
    """Return the path of Node's executable. Raises ServerError if there is none."""
    program = shutil.which("node")
    if program is None:
        raise ServerError("node is not on the PATH; install Node.js 20.19 or newer.")
    return program


def command_for(name: str) -> list[str]:
    """Return the command that runs one of SERVERS, from SERVER_COMMANDS if it is set there."""
    instead = json.loads(os.environ.get(INSTEAD) or "{}")
    if name in instead:
        return list(instead[name])
    server = SERVERS[name]
    return [sys.executable if server.runtime == "python" else node_program(), *server.program]


def environment(database_url: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the complete environment of a twin: the given settings, without ours."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return inherited | {"DATABASE_URL": database_url} | dict(settings)


@dataclass
class TwinServer:
    """One twin, or another of SERVERS, that runs within `with`.

    kind: its name. settings: environment variables besides DATABASE_URL, HOST and PORT; those for
    tests by default. port: a free one if None. command: the command to run instead of the
    repository's server.
    """

    kind: str
    database_url: str
    log: Path
    settings: Mapping[str, str] = field(default_factory=lambda: TEST_SETTINGS)
    port: int | None = None
    command: Sequence[str] | None = None
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False, repr=False)
    _port_is_ours: bool = field(default=False, init=False, repr=False)

    @property
    def base_url(self) -> str:
        """The base URL, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the running twin."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        self.launch()
        try:
            self.settle()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> int:
        """Stop it (SIGTERM) and return its exit status; kill it if it does not stop."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        return processes.stop(process)

    def kill(self) -> None:
        """Kill it and its workers."""
        if self._process is not None:
            process, self._process = self._process, None
            processes.kill(process)

    def wait(self, seconds: float) -> int | None:
        """Wait for it to exit, with a timeout; return its exit status, or None if it still runs."""
        assert self._process is not None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def launch(self) -> None:
        """Start the process without waiting for it; settle() must follow."""
        self._port_is_ours = self.port is None
        self._start()

    def settle(self) -> None:
        """Return when /ready returns 200; use another port if a chosen one was taken meanwhile.

        Raises ServerError if the twin ends or takes too long.
        """
        for _ in range(_ATTEMPTS):
            try:
                return self._wait_until_ready()
            except ServerError as error:
                if not (self._port_is_ours and _port_was_taken(str(error))):
                    raise
            self.stop()
            self.port = None
            self._start()
        raise ServerError(f"No port was left for the {self.kind} twin in {_ATTEMPTS} attempts.")

    def _start(self) -> None:
        self.port = self.port or free_port()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._process = processes.start(
            self.command or command_for(self.kind),
            output=self.log,
            cwd=WITHOUT_ENV_FILE,
            env=environment(
                self.database_url,
                {**self.settings, "HOST": "127.0.0.1", "PORT": str(self.port)},
            ),
        )

    def _wait_until_ready(self) -> None:
        # One that accepts connections and never responds takes longer than a poll.
        ending = time.monotonic() + _READY_SECONDS
        while time.monotonic() < ending:
            if self._is_ready() and self.wait(0) is None:
                return
            status = self.wait(_POLL_SECONDS)
            if status is not None:
                raise ServerError(self._complaint(f"ended with status {status}"))
        raise ServerError(self._complaint(f"was not ready in {_READY_SECONDS:.0f} s"))

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base_url}/ready", timeout=2) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _complaint(self, what: str) -> str:
        return (
            f"The {self.kind} twin {what}. Its log ({self.log}):\n{processes.last_lines(self.log)}"
        )


def _port_was_taken(log: str) -> bool:
    return "EADDRINUSE" in log or "address already in use" in log.lower()


@contextmanager
def start_all(servers: Sequence[TwinServer]) -> Iterator[None]:
    """Run twins that start in parallel; kill all of them at the end.

    For twins whose databases are dropped afterwards, so that they need not shut down cleanly.
    """
    try:
        for server in servers:
            server.launch()
        for server in servers:
            server.settle()
        yield
    finally:
        for server in servers:
            server.kill()
