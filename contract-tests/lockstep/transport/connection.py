"""A connection to a server, and how an answer is read from it within a time."""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from lockstep.transport.encodings import MAX_BODY
from lockstep.transport.messages import NoResponse, Response

_CHUNK = 65_536
_SHOWN = 80


class ReadableSocket(Protocol):
    """What an answer is read from."""

    def makefile(self, mode: Any, /) -> Any:
        """A binary file of what arrives."""


class TooLargeError(Exception):
    """A body is longer than lockstep keeps."""


class TimedSocket(io.RawIOBase):
    """Reads from a socket until a deadline of `time.monotonic`, and counts the bytes.

    What has arrived can be read at any time. `TimeoutError` after the deadline says what came
    before. `RawIOBase` has it closed with its file; the socket stays open.
    """

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline
        self.count = 0
        self._tail = b""

    def makefile(self, _mode: str, /) -> io.BufferedReader:
        """The file for a parser of HTTP."""
        return io.BufferedReader(self, _CHUNK)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read what there is, or wait for it until the deadline."""
        # Zero is what makes a socket not wait; OpenSSL's `pending` bytes are read so, too.
        self._sock.settimeout(max(0.0, self._deadline - time.monotonic()))
        try:
            count = self._sock.recv_into(buffer)
        except (BlockingIOError, TimeoutError, ssl.SSLWantReadError) as error:
            raise TimeoutError(self._told()) from error
        self.count += count
        self._tail = (self._tail + bytes(buffer[:count][-_SHOWN:]))[-_SHOWN:]
        return count

    def _told(self) -> str:
        if not self.count:
            return "no byte came in time"
        return f"no end came in time: {self.count:,} bytes, the last of them {self._tail!r}"


@dataclass(slots=True)
class Connection:
    """A socket that carries one request at a time; `reused` says that it carried one before."""

    sock: socket.socket
    used_at: float = field(default_factory=time.monotonic)
    reused: bool = False

    def idle_seconds(self) -> float:
        """For how long it has carried nothing."""
        return time.monotonic() - self.used_at

    def has_ended(self) -> bool:
        """Whether the server has closed it, or sent what nobody asked for."""
        # Not `select`, which takes no descriptor from 1,024 on.
        poller = select.poll()
        poller.register(self.sock, select.POLLIN)
        return bool(poller.poll(0))

    def send(self, data: bytes, deadline: float) -> None:
        """Write all bytes; `OSError`, and `TimeoutError` where they are not taken in time."""
        rest = memoryview(data)
        while rest:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError(f"{len(rest):,} bytes of the request were not taken in time")
            self.sock.settimeout(remaining)
            rest = rest[self.sock.send(rest) :]


def read_response(sock: ReadableSocket, method: str) -> tuple[Response, bool]:
    """Read one answer; true with it when the connection can carry another request.

    `TooLargeError` for a body beyond `MAX_BODY`.
    """
    raw = http.client.HTTPResponse(cast(socket.socket, sock), method=method)
    try:
        raw.begin()
        body = _body(raw)
        closes = bool(raw.will_close)
        response = Response(raw.status, tuple(raw.getheaders()), body, raw.reason, closes)
        return response, not closes
    finally:
        raw.close()


def _body(raw: http.client.HTTPResponse) -> bytes:
    parts: list[bytes] = []
    size, told = 0, raw.length or 0
    while max(size, told) <= MAX_BODY and (part := raw.read(_CHUNK)):
        size += len(part)
        parts.append(part)
    if max(size, told) > MAX_BODY:
        raise TooLargeError(f"status {raw.status}, a body of more than {MAX_BODY:,} bytes")
    # With a size, `read` takes the end of a connection for the end of the body.
    if raw.length:
        raise http.client.IncompleteRead(b"".join(parts), raw.length)
    return b"".join(parts)


def failure_of(error: Exception, *, connecting: bool = False) -> NoResponse:
    """Say why there was no answer."""
    if isinstance(error, TooLargeError):
        return NoResponse("too_large", str(error))
    if isinstance(error, TimeoutError):
        return NoResponse("timeout", str(error))
    if isinstance(error, socket.gaierror):
        return NoResponse("unknown_host", str(error))
    ended = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    if isinstance(error, ssl.SSLError) and (connecting or not ended):
        return NoResponse("tls", str(error))
    if connecting:
        return NoResponse("refused", str(error))
    if isinstance(error, OSError | http.client.IncompleteRead):
        return NoResponse("dropped", str(error))
    return NoResponse("malformed", f"{type(error).__name__}: {error}")
