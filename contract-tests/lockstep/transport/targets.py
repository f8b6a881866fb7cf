"""A server under test, with an HTTP/1.1 client for it."""

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
from lockstep.transport.outbound import Outbound
from lockstep.transport.streams import STREAM_SECONDS

__all__ = ["Connection", "PendingExchange", "Target", "failure_of"]

# Shorter than the keep-alive timeout of common servers, so that a connection is not reused at the
# moment the server closes it.
MAX_IDLE_SECONDS = 1.0
# Requests that must not be retried only reuse a connection this short after its last response:
# later, the server may be closing it.
LIVE_SECONDS = 0.005
MAX_IDLE_CONNECTIONS = 16
# Idempotent methods, which may be retried automatically (RFC 9110, 9.2.2).
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
# The time to read a response that arrived while another target was read.
_GRACE_SECONDS = 1.0
# A timeout of zero would make the socket non-blocking.
_SHORTEST = 0.001


class Target:
    """A named server.

    Requests are sent and responses returned unchanged, except that known content codings are
    decoded; redirects are not followed and cookies not stored. A request is only retried if its
    method is idempotent and a reused connection ended without any byte of a response, or once after
    a new HTTP Digest challenge. Thread-safe: each running request has its own connection.
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
        curl_options: tuple[str, ...] = (),
        database: str | None = None,
        outbound: Outbound | None = None,
        counts_statements: bool = True,
    ) -> None:
        """Configure a server; `base_url` is `http[s]://host[:port][/prefix]`.

        `timeout` is in seconds, from the first byte of a request to the last one of its response. A
        stream is read for `stream_seconds`; whatever has arrived by then is read, too.
        `headers` are added to every request that lacks them. `tls` has the trusted certificates, by
        default those of the system; if it has a client certificate, `anonymous` is the same context
        without it, and `curl_options` are the equivalent options of curl. `new_tls`, which can be
        pickled, makes `tls` anew in another process. `database` is the URL of the server's
        database, whose SQL statements are counted with `counts_statements`; `outbound` says where
        its calls to other services go through lockstep.
        Raise `ValueError` for any other scheme or a URL without a host.
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
        self.outbound = outbound
        self.counts_statements = counts_statements
        secure = parts.scheme == "https"
        self.address = (parts.hostname, port or (443 if secure else 80))
        self.host = parts.netloc.rpartition("@")[2]
        self.tls = (tls or ssl.create_default_context()) if secure else None
        # The default needs no files.
        usual = ssl.create_default_context if tls is None else None
        self.new_tls = (new_tls or usual) if secure else None
        self._anonymous = anonymous if secure else None
        self.curl_options = curl_options if secure else ()
        self.move(base_url)
        self.digest = DigestClient()
        self._idle: list[Connection] = []
        # Whether it has ever closed a reused connection without `Connection: close`.
        self._closes_silently = False
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Target({self.name!r}, {self.base_url!r})"

    def move(self, base_url: str) -> None:
        """Change the base URL to another path on the same server."""
        self.base_url = base_url.rstrip("/")
        self._prefix = urlsplit(base_url).path.rstrip("/")

    def without_certificate(self) -> Target | None:
        """Return the same target without its client certificate; `None` if it has none."""
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
        """Send a request and wait for its outcome; no failure of the server raises an exception."""
        return self.start(request).finish()

    def start(self, request: Request) -> PendingExchange:
        """Send a request without waiting; `finish` reads the response, so targets can overlap."""
        dressed = self.dress(request)
        pending = PendingExchange(self, dressed, data=self.encode(dressed))
        pending.write(lambda deadline: self._take(request.method, deadline))
        return pending

    @property
    def origin(self) -> str:
        """The base URL without its path."""
        return self.base_url.removesuffix(self._prefix)

    def dress(self, request: Request) -> Request:
        """Return the request with those configured headers of the target that it lacks."""
        missing = (item for item in self.headers if request.header(item[0]) is None)
        return replace(request, headers=(*request.headers, *missing)) if self.headers else request

    def connect(self, deadline: float | None = None) -> socket.socket:
        """Open a socket for raw bytes of the caller; raise `OSError` if that fails.

        Without a `deadline` of `time.monotonic` the timeout of the target applies.
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
        """Return the bytes of a request as they are sent."""
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
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.sock.close()

    def _take(self, method: str, deadline: float) -> Connection:
        """Return a connection for a request: a usable idle one, else a new one.

        A request that must not be retried only reuses a connection that was used a moment ago. An
        idle connection is closed before a new one is opened, as a server may accept only one.
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
        """Record that the server closed an idle connection without `Connection: close`."""
        self._closes_silently = True

    def give_back(self, connection: Connection) -> None:
        """Return a connection to the pool after its response was read completely."""
        connection.used_at = time.monotonic()
        with self._lock:
            if len(self._idle) < MAX_IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.sock.close()


def _connected(address: tuple[str, int], deadline: float) -> socket.socket:
    """Connect to the first address of a host that accepts a connection, before the deadline."""
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
    """A request that was sent and whose response is pending.

    `data` is sent again in a retry; `started` and `deadline` are of `time.monotonic`. By default
    the deadline and the seconds of a stream are those of the target.
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
        """Reduce the timeout of the response, and the time for which a stream is read.

        `None` leaves a value unchanged.
        """
        if seconds is not None:
            self.deadline = min(self.deadline, self.started + seconds)
        if stream_seconds is not None:
            self.stream_seconds = min(self.stream_seconds, stream_seconds)

    def write(self, connect: Callable[[float], Connection]) -> None:
        """Send the data over the connection that `connect` returns; set `failure` on an error."""
        self.failure = None
        try:
            self.connection = connect(self.deadline)
        except OSError as error:
            self.connection, self.failure = None, failure_of(error, connecting=True)
            return
        try:
            self.connection.send(self.data or b"", self.deadline)
        except OSError as error:
            # A server may respond (413, for example) and stop reading: still read the response.
            self.failure = failure_of(error)

    @property
    def method(self) -> str:
        """The method of the request."""
        return self.request.method

    def finish(self) -> Outcome:
        """Read the response; after a new Digest challenge send the request once more.

        Return `NoResponse` if there is none.
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
        except Exception as error:  # Whatever a server sends must become an outcome.
            self.connection.sock.close()
            return replace(self.failure or failure_of(error), count=stream.count)
        # Some servers close the connection after a 5xx without `Connection: close`.
        if reusable and self.failure is None and response.status < 500:
            self.target.give_back(self.connection)
        else:
            self.connection.sock.close()
        return _decoded(response)


def _decoded(response: Response) -> Response:
    """Return the response with its body decoded, unchanged if that fails for any reason."""
    try:
        return decoded(response) or response
    except Exception:  # A decoder may raise anything for invalid bytes.
        return response
