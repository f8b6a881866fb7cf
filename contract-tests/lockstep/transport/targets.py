"""A server under test and the HTTP/1.1 client that talks to it."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from lockstep.transport.connection import (
    Connection,
    Reader,
    TimedSocket,
    failure_of,
)
from lockstep.transport.digest import DigestClient
from lockstep.transport.encodings import decoded
from lockstep.transport.messages import Headers, NoResponse, Outcome, Request, Response
from lockstep.transport.streams import STREAM_SECONDS

__all__ = ["Connection", "PendingExchange", "Target", "failure_of"]

# Shorter than the keep-alive time of every common server, so that a connection is not handed out
# in the moment in which the server closes it.
MAX_IDLE_SECONDS = 1.0
# So short ago an answer came that a server which closes behind it would have said so by now.
LIVE_SECONDS = 0.005
MAX_IDLE_CONNECTIONS = 16
# What may be sent again without asking (RFC 9110, 9.2.2).
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
# An answer that came while another target was waited for is read all the same.
_GRACE_SECONDS = 1.0
# Zero would make a socket not wait at all.
_SHORTEST = 0.001


class Target:
    """A named server.

    Bytes go out and come back as they are, but for bodies that are compressed in a known way: no
    redirects, no cookies. Nothing is sent twice, but for what may be repeated on a kept connection
    that ended without a byte of answer, and a request with HTTP Digest once there is a challenge.
    Safe to use from several threads; each request has a connection of its own while it runs.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        timeout: float = 30.0,
        stream_seconds: float = STREAM_SECONDS,
        headers: Headers = (),
        tls: ssl.SSLContext | None = None,
        anonymous: ssl.SSLContext | None = None,
        new_tls: Callable[[], ssl.SSLContext | None] | None = None,
        database: str | None = None,
    ) -> None:
        """Name a server; `base_url` is `http[s]://host[:port][/prefix]`.

        `timeout` is in seconds, from the first byte of a request to the last one of its answer. A
        stream is read for `stream_seconds`, as is what has come of it by then.
        `headers` go with every request that lacks them. `tls` says which certificates are trusted:
        by default, those that the system trusts; where a client certificate is shown `anonymous` is
        the same without it. `new_tls`, which can be pickled, makes `tls` anew in another process.
        `database` is the address of what it stores its rows in.
        Raises `ValueError` for another scheme or a URL without a host.
        """
        try:
            parts = urlsplit(base_url)
            port = parts.port
        except ValueError as error:
            raise ValueError(f"{name}: not a URL: {base_url} ({error})") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{name}: not an http:// or https:// URL with a host: {base_url}")
        self.name = name
        self.timeout = timeout
        self.stream_seconds = stream_seconds
        self.headers = headers
        self.database = database
        secure = parts.scheme == "https"
        self.address = (parts.hostname, port or (443 if secure else 80))
        self.host = parts.netloc.rpartition("@")[2]
        self.tls = (tls or ssl.create_default_context()) if secure else None
        # The default needs no files.
        usual = ssl.create_default_context if tls is None else None
        self.new_tls = (new_tls or usual) if secure else None
        self._anonymous = anonymous if secure else None
        self.move(base_url)
        self.digest = DigestClient()
        self._idle: list[Connection] = []
        # Whether it has ever ended a kept connection without a word.
        self._closes_silently = False
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Target({self.name!r}, {self.base_url!r})"

    def move(self, base_url: str) -> None:
        """Take another path on the same server for the one that all paths begin with."""
        self.base_url = base_url.rstrip("/")
        self._prefix = urlsplit(base_url).path.rstrip("/")

    def without_certificate(self) -> Target | None:
        """The same server for a client that shows no certificate; `None` if none is shown."""
        if self._anonymous is None:
            return None
        return Target(
            self.name,
            self.base_url,
            timeout=self.timeout,
            headers=self.headers,
            tls=self._anonymous,
        )

    def send(self, request: Request) -> Outcome:
        """Send one request and wait for its outcome; never raises for what the server does."""
        return self.start(request).finish()

    def start(self, request: Request) -> PendingExchange:
        """Write one request; `finish` reads the answer, so several targets can work at once."""
        dressed = self.dress(request)
        pending = PendingExchange(self, dressed, data=self.encode(dressed))
        pending.write(lambda deadline: self._take(request.method, deadline))
        return pending

    @property
    def origin(self) -> str:
        """The base URL without its path."""
        return self.base_url.removesuffix(self._prefix)

    def dress(self, request: Request) -> Request:
        """The request with the headers that are the target's own, where it lacks them."""
        missing = (item for item in self.headers if request.header(item[0]) is None)
        return replace(request, headers=(*request.headers, *missing)) if self.headers else request

    def connect(self, deadline: float | None = None) -> socket.socket:
        """A new connection, for bytes of the caller's own; `OSError` when there is none.

        Without a `deadline` there is one after the target's own time.
        """
        until = deadline if deadline is not None else time.monotonic() + self.timeout
        sock = _connected(self.address, until)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls is not None:
            sock.settimeout(max(_SHORTEST, until - time.monotonic()))
            try:
                sock = self.tls.wrap_socket(sock, server_hostname=self.address[0])
            except OSError:
                sock.close()
                raise
        sock.settimeout(self.timeout)
        return sock

    def encode(self, request: Request) -> bytes:
        """The bytes that `request` puts on the wire."""
        uri = request.path if request.from_root else f"{self._prefix}{request.path}"
        request = self.digest.sign(request, uri)
        names = {name.lower() for name, _ in request.headers}
        lines = [f"{request.method} {uri} HTTP/1.1"]
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

    def _take(self, method: str, deadline: float) -> Connection:
        """A connection for a request: a kept one that lives, else a fresh one.

        What must not be sent twice goes out on one that answered a moment ago, if at all. A kept
        one is closed before: a server may serve no more than one at a time.
        """
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is not None and self._is_usable(connection, method):
                connection.reused = True
                return connection
            if connection is not None:
                connection.sock.close()
            if connection is None or method not in REPEATABLE:
                return Connection(self.connect(deadline))

    def _is_usable(self, connection: Connection, method: str) -> bool:
        idle = connection.idle_seconds()
        if idle > MAX_IDLE_SECONDS:
            return False
        if connection.has_ended():
            self.note_silent_end()
            return False
        return method in REPEATABLE or (idle < LIVE_SECONDS and not self._closes_silently)

    def note_silent_end(self) -> None:
        """Remember that a connection which the server had kept ended without a word."""
        self._closes_silently = True

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose answer was read to its end."""
        connection.used_at = time.monotonic()
        with self._lock:
            if len(self._idle) < MAX_IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.sock.close()


def _connected(address: tuple[str, int], deadline: float) -> socket.socket:
    """A connection to the first of a name's addresses that takes one, all within the time."""
    failure: OSError = OSError(f"{address[0]} has no address")
    for family, kind, protocol, _, place in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(_SHORTEST, deadline - time.monotonic()))
            sock.connect(place)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


@dataclass(slots=True)
class PendingExchange:
    """A request that was written and is not answered yet.

    `data` is what to send again where that is possible; `started` and `deadline` are of
    `time.monotonic`. The deadline and the time for a stream follow from the target's own.
    """

    target: Target
    request: Request
    connection: Connection | None = None
    failure: NoResponse | None = None
    data: bytes | None = None
    started: float = field(default_factory=time.monotonic)
    deadline: float = 0.0
    stream_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.deadline = self.deadline or self.started + self.target.timeout
        self.stream_seconds = self.stream_seconds or self.target.stream_seconds

    def hurry(self, seconds: float | None, stream_seconds: float | None) -> None:
        """Wait no longer than so many seconds for the end of an answer, and for that of a stream.

        `None` leaves a time as it is.
        """
        if seconds is not None:
            self.deadline = min(self.deadline, self.started + seconds)
        if stream_seconds is not None:
            self.stream_seconds = min(self.stream_seconds, stream_seconds)

    def write(self, connect: Callable[[float], Connection]) -> None:
        """Send the data over a connection; `failure` says why that did not go well."""
        self.failure = None
        try:
            self.connection = connect(self.deadline)
        except OSError as error:
            self.connection, self.failure = None, failure_of(error, connecting=True)
            return
        try:
            self.connection.send(self.data or b"", self.deadline)
        except OSError as error:
            # A server may answer (413, say) and stop reading: the answer is still worth reading.
            self.failure = failure_of(error)

    @property
    def method(self) -> str:
        """The method of the request."""
        return self.request.method

    def finish(self) -> Outcome:
        """Read the answer, once more where the first one only asked for a Digest of its own.

        `NoResponse` where none came.
        """
        outcome = self._first()
        if not self.target.digest.learn(self.request, outcome):
            return outcome
        self.data = self.target.encode(self.request)
        self.write(lambda deadline: Connection(self.target.connect(deadline)))
        return self._read()

    def _first(self) -> Outcome:
        connection = self.connection
        outcome = self._read()
        if not isinstance(outcome, NoResponse) or outcome.reason != "dropped" or outcome.count:
            return outcome
        if connection is None or not connection.reused:
            return outcome
        self.target.note_silent_end()
        if self.method not in REPEATABLE or self.data is None:
            return outcome
        self.write(lambda deadline: Connection(self.target.connect(deadline)))
        return self._read()

    def _read(self) -> Outcome:
        if self.connection is None:
            return self.failure or NoResponse("dropped")
        deadline = max(self.deadline, time.monotonic() + min(_GRACE_SECONDS, self.target.timeout))
        stream = TimedSocket(self.connection.sock, deadline)
        seconds = self.stream_seconds
        until = self.started + seconds
        try:
            response, reusable = Reader(stream, until=until, seconds=seconds).read(self.method)
        except Exception as error:  # Whatever a server sends is an answer, or is none.
            self.connection.sock.close()
            return replace(self.failure or failure_of(error), count=stream.count)
        # After an error of their own some servers end the connection without saying so.
        if reusable and self.failure is None and response.status < 500:
            self.target.give_back(self.connection)
        else:
            self.connection.sock.close()
        return _decoded(response)


def _decoded(response: Response) -> Response:
    """The answer with its body decoded, as it came where that fails in whatever way."""
    try:
        return decoded(response) or response
    except Exception:  # A decoder may raise anything over bytes that are wrong.
        return response
