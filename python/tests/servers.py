"""The server as a process, and a proxy that can cut it off from its database."""

import http.client
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .clients import fresh_address

# Three processes start concurrently on a possibly busy machine.
DEADLINE_SECONDS = 60


def free_port() -> int:
    """Returns a free port below the range of ephemeral ports.

    No outgoing connection takes it before it is used, or while a server restarts.
    """
    while True:
        port = random.randrange(20000, 32000)  # noqa: S311
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def wait_until(condition: Any) -> None:
    """Polls a condition until it is true; raises TimeoutError."""
    ends_at = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > ends_at:
            raise TimeoutError
        time.sleep(0.02)


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int

    def send(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """Returns the status code and the JSON of the response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
        headers = {"Content-Type": "application/json", "If-Match": "*"}
        # A new client address each time, because of rate limits.
        headers["X-Forwarded-For"] = fresh_address()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def connect(self) -> socket.socket:
        """Opens a connection."""
        return socket.create_connection(("127.0.0.1", self.port), DEADLINE_SECONDS)

    def exchange(self, request: bytes) -> bytes:
        """Returns all bytes received until the server closes the connection."""
        with self.connect() as connection:
            connection.sendall(request)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts)

    def answers(self) -> bool:
        try:
            return bool(self.send("GET", "/health")[0] == 200)
        except OSError:
            return False

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_SECONDS)


@contextmanager
def running(log: Path, **settings: str) -> Iterator[Server]:
    """Runs a server with additional settings."""
    port = free_port()
    environment = os.environ | {"PORT": str(port), "TRUSTED_PROXY_HOPS": "1"} | settings
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "task_timer.main"], env=environment, stdout=output, stderr=output
        )
    server = Server(process, port)
    try:
        wait_until(server.answers)
        yield server
    finally:
        if process.poll() is None:
            server.stop()


class Proxy:
    """A proxy between the server and its database, which can be cut."""

    def __init__(self, database_url: str) -> None:
        parts = urlsplit(database_url)
        self._target = (parts.hostname or "", parts.port or 5432)
        self.port = free_port()
        credentials = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{self.port}"))
        self._listener: socket.socket | None = None
        self._pairs: list[tuple[socket.socket, socket.socket]] = []

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def cut(self) -> None:
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for pair in self._pairs:
            for side in pair:
                side.close()
        self._pairs.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            pair = (client, socket.create_connection(self._target))
            self._pairs.append(pair)
            threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, client: socket.socket, database: socket.socket) -> None:
        other = {client: database, database: client}
        try:
            while True:
                for side in select.select([client, database], [], [], 0.2)[0]:
                    data = side.recv(65536)
                    if not data:
                        return
                    other[side].sendall(data)
        except (OSError, ValueError):
            return
