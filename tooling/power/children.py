"""Commands with a time limit, and servers that run while they are needed."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from testbed import ports, processes

Command = list[str | Path]
Given = TypeVar("Given")
Made = TypeVar("Made")
_TRIES = 3
_START_LIMIT = 60
_GRACE = 20


class ServerError(Exception):
    """A server does not listen; the message says why."""


class EndedError(Exception):
    """No more processes are started."""


@dataclass(frozen=True)
class Ran:
    """The result of a command. code: None if it timed out."""

    code: int | None
    output: str
    seconds: float


class Children:
    """All child processes that are still running."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def start(
        self, command: Sequence[str | Path], output: Path, cwd: Path, env: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        """Start a command. Raises EndedError after end_all."""
        with self._lock:
            if self._closed:
                raise EndedError
            process = processes.start(command, output=output, cwd=cwd, env=env)
            self._alive.add(process)
        return process

    def end(self, process: "subprocess.Popen[bytes]", seconds: float = 5) -> None:
        """End a process, and kill the rest of its group."""
        processes.stop(process, seconds=seconds)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with self._lock:
            self._alive.discard(process)

    def end_all(self) -> None:
        """End all running processes, and start no more."""
        with self._lock:
            self._closed = True
            alive = list(self._alive)
        for process in alive:
            self.end(process)


CHILDREN = Children()


def side_by_side(
    function: Callable[[Given], Made], items: Iterable[Given], most: int
) -> list[Made]:
    """Call a function for each of the items, `most` in parallel."""
    pool = ThreadPoolExecutor(most)
    try:
        return list(pool.map(function, items))
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        CHILDREN.end_all()
        raise
    finally:
        pool.shutdown()


def run(command: Sequence[str | Path], log: Path, limit: float) -> Ran:
    """Run a command in a new folder beside its log, and end it after a timeout.

    It is interrupted first, like by Ctrl-C, so that it can write its results.
    """
    folder = log.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    started = time.monotonic()
    process = CHILDREN.start(command, log, folder, os.environ)
    code: int | None = None
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
    finally:
        seconds = time.monotonic() - started
        CHILDREN.end(process)
    return Ran(code, log.read_text(encoding="utf-8", errors="replace"), seconds)


@contextmanager
def serving(
    command: Callable[[int], Sequence[str | Path]], log: Path, folder: Path
) -> Iterator[int]:
    """Start a server on a free port, wait until it listens, and yield the port.

    command: returns the command for a port. folder: its working directory. Raises ServerError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    for last in (False,) * (_TRIES - 1) + (True,):
        port = ports.free_port()
        process = CHILDREN.start(command(port), log, folder, os.environ)
        try:
            if _listens(process, port):
                yield port
                return
        finally:
            CHILDREN.end(process)
        if last:
            raise ServerError(f"{log.name}: does not listen:\n{processes.last_lines(log, 10)}")


def _listens(process: "subprocess.Popen[bytes]", port: int) -> bool:
    until = time.monotonic() + _START_LIMIT
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        time.sleep(0.1)
    return False
