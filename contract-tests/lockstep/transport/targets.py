"""A server under test and the HTTP/1.1 client that talks to it."""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from lockstep.transport.messages import Headers, NoResponse, Outcome, Request, Response

# Shorter than the keep-alive time of every common server, so that a connection is not handed out
# in the moment in which the server closes it.
MAX_IDLE_SECONDS = 1.0
MAX_IDLE_CONNECTIONS = 16


class ReadableSocket(Protocol):
    """What an answer is read from."""

    def makefile(self, mode: Any, /) -> Any:
        """A binary file of what arrives."""


@dataclass(slots=True)
class Connection:
    """A socket that carries one request at a time."""

    sock: socket.socket
    used_at: float = field(default_factory=time.monotonic)

    def is_reusable(self) -> bool:
        """True when the socket is fresh enough and the server has neither closed nor written."""
        if time.monotonic() - self.used_at > MAX_IDLE_SECONDS:
            return False
        readable, _, _ = select.select([self.sock], [], [], 0)
        return not readable


class Target:
    """A named server.

    Bytes go out and come back as they are: no re-sending, no redirects, no decoding, no cookies.
    Safe to use from several threads; each request has a connection of its own while it runs.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        timeout: float = 30.0,
        headers: Headers = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Name a server; `base_url` is `http[s]://host[:port][/prefix]`, `timeout` in seconds.

        `headers` go with every request that lacks them. `tls` says which certificates are trusted:
        by default, those that the system trusts. Raises `ValueError` for another scheme or a URL
        without a host.
        """
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{name}: not an http:// or https:// URL with a host: {base_url}")
        self.name = name
        self.timeout = timeout
        self.headers = headers
        secure = parts.scheme == "https"
        self.address = (parts.hostname, parts.port or (443 if secure else 80))
        self.host = parts.netloc.rpartition("@")[2]
        self.tls = (tls or ssl.create_default_context()) if secure else None
        self.move(base_url)
        self._idle: list[Connection] = []
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Target({self.name!r}, {self.base_url!r})"

    def move(self, base_url: str) -> None:
        """Take another path on the same server for the one that all paths begin with."""
        self.base_url = base_url.rstrip("/")
        self._prefix = urlsplit(base_url).path.rstrip("/")

    def send(self, request: Request) -> Outcome:
        """Send one request and wait for its outcome; never raises for what the server does."""
        return self.start(request).finish()

    def start(self, request: Request) -> PendingExchange:
        """Write one request; `finish` reads the answer, so several targets can work at once."""
        pending = PendingExchange(self, request.method)
        try:
            pending.connection = self._take()
        except OSError as error:
            pending.failure = failure_of(error, connecting=True)
            return pending
        try:
            pending.connection.sock.sendall(self.encode(self.dress(request)))
        except OSError as error:
            # A server may answer (413, say) and stop reading: the answer is still worth reading.
            pending.failure = failure_of(error)
        return pending

    @property
    def origin(self) -> str:
        """The base URL without its path."""
        return self.base_url.removesuffix(self._prefix)

    def dress(self, request: Request) -> Request:
        """The request with the headers that are the target's own, where it lacks them."""
        missing = (item for item in self.headers if request.header(item[0]) is None)
        return replace(request, headers=(*request.headers, *missing)) if self.headers else request

    def connect(self) -> socket.socket:
        """A new connection, for bytes of the caller's own; `OSError` when there is none."""
        sock = socket.create_connection(self.address, timeout=self.timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls is None:
            return sock
        try:
            return self.tls.wrap_socket(sock, server_hostname=self.address[0])
        except OSError:
            sock.close()
            raise

    def encode(self, request: Request) -> bytes:
        """The bytes that `request` puts on the wire."""
        names = {name.lower() for name, _ in request.headers}
        lines = [f"{request.method} {self._prefix}{request.path} HTTP/1.1"]
        if "host" not in names:
            lines.append(f"Host: {self.host}")
        lines.extend(f"{name}: {value}" for name, value in request.headers)
        framed = "content-length" in names or "transfer-encoding" in names
        if request.body is not None and not framed:
            lines.append(f"Content-Length: {len(request.body)}")
        head = "\r\n".join(lines) + "\r\n\r\n"
        return head.encode("latin-1", "surrogateescape") + (request.body or b"")

    def close(self) -> None:
        """Close the connections that are kept for reuse."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.sock.close()

    def _take(self) -> Connection:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return Connection(self.connect())
            if connection.is_reusable():
                return connection
            connection.sock.close()

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose answer was read to its end."""
        connection.used_at = time.monotonic()
        with self._lock:
            if len(self._idle) < MAX_IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.sock.close()


@dataclass(slots=True)
class PendingExchange:
    """A request that was written and is not answered yet."""

    target: Target
    method: str
    connection: Connection | None = None
    failure: NoResponse | None = None

    def finish(self) -> Outcome:
        """Read the answer; `NoResponse` where none came."""
        if self.connection is None:
            return self.failure or NoResponse("dropped")
        try:
            response, reusable = read_response(self.connection.sock, self.method)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.connection.sock.close()
            return self.failure or failure_of(error)
        if reusable and self.failure is None:
            self.target.give_back(self.connection)
        else:
            self.connection.sock.close()
        return response


def read_response(sock: ReadableSocket, method: str) -> tuple[Response, bool]:
    """Read one answer; true with it when the connection can carry another request."""
    raw = http.client.HTTPResponse(cast(socket.socket, sock), method=method)
    try:
        raw.begin()
        body = raw.read()
        closes = bool(raw.will_close)
        response = Response(raw.status, tuple(raw.getheaders()), body, raw.reason, closes)
        return response, not closes
    finally:
        raw.close()


def failure_of(error: Exception, *, connecting: bool = False) -> NoResponse:
    """Say why there was no answer."""
    if isinstance(error, TimeoutError):
        return NoResponse("timeout", str(error))
    if isinstance(error, socket.gaierror):
        return NoResponse("unknown_host", str(error))
    if isinstance(error, ssl.SSLError):
        return NoResponse("tls", str(error))
    if connecting:
        return NoResponse("refused", str(error))
    if isinstance(error, OSError | http.client.IncompleteRead):
        return NoResponse("dropped", str(error))
    return NoResponse("malformed", f"{type(error).__name__}: {error}")
