"""Hundreds of clients: slow or silent ones, and ones that send steadily."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator

from suite.faults.files import Load

CLIENTS = 8
_TIMEOUT_SECONDS = 20.0
_DRIP_SECONDS = 0.2
_HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\n"
_POST = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
_WHOLE = _HEAD + b"\r\n"


@contextlib.contextmanager
def crowd(port: int, kind: str, count: int) -> Iterator[None]:
    """Context manager that keeps `count` connections of a kind open."""
    with contextlib.ExitStack() as stack:
        sockets = []
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS)
            sockets.append(stack.enter_context(one))
            _begin(one, kind)
        ended = threading.Event()
        dripping = threading.Thread(target=_drip, args=(sockets, ended))
        if kind == "slow":
            dripping.start()
            stack.callback(dripping.join)
            stack.callback(ended.set)
        yield


def _begin(one: socket.socket, kind: str) -> None:
    if kind == "slow":
        one.sendall(_HEAD[:1])
    elif kind == "without a body":
        one.sendall(_POST + b"Content-Length: 100\r\n\r\n{")
    elif kind == "half open":
        one.sendall(_HEAD)
        one.shutdown(socket.SHUT_WR)
    elif kind == "deaf":
        one.sendall(_WHOLE * 3)


def _drip(sockets: list[socket.socket], ended: threading.Event) -> None:
    """Send one byte at a time, on all of them."""
    for letter in _HEAD[1:]:
        if ended.wait(_DRIP_SECONDS):
            return
        for one in sockets:
            with contextlib.suppress(OSError):
                one.sendall(bytes([letter]))


class Steady:
    """Context manager that sends requests at a steady rate over persistent connections.

    Counts lost requests. A request is lost if it was sent and no response came, on a connection
    that has served before: a new one that is closed counts as refused. One that times out is always
    lost.
    """

    def __init__(self, port: int, load: Load) -> None:
        self.sent = 0
        self.reasons: list[str] = []
        self._port = port
        self._load = load
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]

    def __enter__(self) -> Steady:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        connection: socket.socket | None = None
        served = False
        pause = CLIENTS / self._load.per_second
        while not self._ended.wait(pause):
            if connection is not None and self._load.heeds_end and _has_ended(connection):
                connection.close()
                connection = None
            if connection is None:
                try:
                    connection, served = self._connect(), False
                except OSError:
                    continue
            if self._exchange(connection, served=served) and not self._load.fresh:
                served = True
            else:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._port), 1)

    def _exchange(self, connection: socket.socket, *, served: bool) -> bool:
        """Send one request; return whether the connection can be reused."""
        connection.settimeout(_TIMEOUT_SECONDS)
        answer = b""
        try:
            connection.sendall(_WHOLE)
            while b'{"status":"ok"}' not in answer:
                data = connection.recv(65536)
                if not data:
                    raise ConnectionResetError("ended without a response")
                answer += data
        except OSError as error:
            if served or isinstance(error, TimeoutError):
                with self._lock:
                    self.sent += 1
                    self.reasons.append(f"{type(error).__name__} at {time.monotonic():.2f}")
            return False
        with self._lock:
            self.sent += 1
        return b"connection: close" not in answer.lower()


def _has_ended(connection: socket.socket) -> bool:
    return bool(select.select([connection], [], [], 0)[0])
