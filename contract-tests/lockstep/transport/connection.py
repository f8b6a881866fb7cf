"""A connection to a server, and a reader of responses with a deadline."""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Any, cast

from lockstep.transport.downloads import MOST_BYTES, Download, is_binary
from lockstep.transport.encodings import MAX_BODY
from lockstep.transport.messages import NoResponse, Response
from lockstep.transport.streams import (
    STREAM_BYTES,
    STREAM_ITEMS,
    STREAM_SECONDS,
    ItemCounter,
    is_stream,
)

_CHUNK = 65_536
# The time to read what has arrived of a stream while another one was read.
_ARRIVED_SECONDS = 0.1
# The only informational response that is final: the protocol changes after it (RFC 9110, 15.2).
_SWITCHING = 101
# A response whose head is read within this time had already arrived.
_AT_ONCE = 0.02
_SHOWN = 80


class TooLargeError(Exception):
    """A response body exceeds the maximum size."""


class TimedSocket(io.RawIOBase):
    """Reads from a socket until a deadline of `time.monotonic`, and counts the bytes.

    After the deadline it raises `TimeoutError` with the last bytes received. Closing it does not
    close the socket.
    """

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self.deadline = deadline
        self.count = 0
        self._tail = b""

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read the available bytes, or wait for some until the deadline."""
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            # Even if there are always bytes to read.
            raise TimeoutError(self._received())
        self._sock.settimeout(remaining)
        try:
            count = self._sock.recv_into(buffer)
        except (BlockingIOError, TimeoutError, ssl.SSLWantReadError) as error:
            raise TimeoutError(self._received()) from error
        self.count += count
        self._tail = (self._tail + bytes(buffer[:count][-_SHOWN:]))[-_SHOWN:]
        return count

    def _received(self) -> str:
        if not self.count:
            return "no byte was received in time"
        return f"it did not end in time: {self.count:,} bytes, the last of them {self._tail!r}"


@dataclass(slots=True)
class Connection:
    """A socket for one request at a time; `reused` is true if it has carried one before."""

    sock: socket.socket
    used_at: float = field(default_factory=time.monotonic)
    reused: bool = False

    def idle_seconds(self) -> float:
        """Return the seconds since its last use."""
        return time.monotonic() - self.used_at

    def has_ended(self) -> bool:
        """Whether the server has closed it, or sent unsolicited data."""
        # Not `select`, which does not support file descriptors of 1,024 and above.
        poller = select.poll()
        poller.register(self.sock, select.POLLIN)
        return bool(poller.poll(0))

    def send(self, data: bytes, deadline: float) -> None:
        """Write all bytes; raise `OSError`, or `TimeoutError` after the deadline."""
        rest = memoryview(data)
        while rest:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError(f"{len(rest):,} bytes of the request could not be sent in time")
            self.sock.settimeout(remaining)
            rest = rest[self.sock.send(rest) :]


class Reader:
    """Reads responses from a socket, also several pipelined ones.

    Streams, which may never end, are read until `until` of `time.monotonic`, or for `seconds` from
    their beginning.
    """

    def __init__(
        self, sock: TimedSocket, *, until: float = 0.0, seconds: float = STREAM_SECONDS
    ) -> None:
        self._sock = sock
        self._file = _Unclosed(sock, _CHUNK)
        self._until = until
        self._seconds = seconds

    def extend(self, seconds: float) -> None:
        """Set the deadline of the next response to `seconds` from now."""
        self._sock.deadline = time.monotonic() + seconds

    def makefile(self, _mode: str, /) -> io.BufferedReader:
        """Return the file for `HTTPResponse`; it keeps unread bytes for the next response."""
        return self._file

    def read(self, method: str) -> tuple[Response, bool]:
        """Read one response; the second item is true if the connection can be reused.

        Raise `TooLargeError` for a body of more than `MAX_BODY` bytes, and `TimeoutError` if the
        response is incomplete at the deadline.
        """
        began = time.monotonic()
        raw = self._final(method)
        try:
            content_type = raw.headers.get("content-type")
            cut, download = False, None
            if is_stream(content_type) and raw.length is None:
                body, cut = self._stream(raw, content_type, began)
            elif is_binary(content_type) and not raw.headers.get("content-encoding"):
                download = _download(raw)
                body = download.body
            else:
                body = _body(raw)
            closes = bool(raw.will_close)
            response = Response(
                raw.status,
                tuple(raw.getheaders()),
                body,
                raw.reason,
                closes,
                cut,
                download.whole if download is not None else None,
            )
            return response, not (closes or cut or raw.status == _SWITCHING)
        finally:
            raw.close()

    def _final(self, method: str) -> http.client.HTTPResponse:
        """Read the head of the final response, skipping informational ones."""
        while True:
            raw = http.client.HTTPResponse(cast(socket.socket, self), method=method)
            try:
                raw.begin()
            except BaseException:
                raw.close()
                raise
            if not 100 <= raw.status < 200 or raw.status == _SWITCHING:
                return raw
            raw.close()

    def _stream(
        self, raw: http.client.HTTPResponse, content_type: str | None, began: float
    ) -> tuple[bytes, bool]:
        """Read a stream for its time; the second item is true if it had not ended."""
        now = time.monotonic()
        started = now if now - began > _AT_ONCE or not self._until else 0.0
        end = self._sock.deadline
        until = max(self._until, started + self._seconds, now + _ARRIVED_SECONDS)
        self._sock.deadline = min(end, until)
        items = ItemCounter(content_type)
        parts: list[bytes] = []
        size = 0
        while size < STREAM_BYTES and items.count < STREAM_ITEMS:
            try:
                part = raw.read1(_CHUNK)
            except TimeoutError:
                return b"".join(parts), True
            if not part:
                return b"".join(parts), False
            items.add(part)
            parts.append(part)
            size += len(part)
        return b"".join(parts), True


class _Unclosed(io.BufferedReader):
    """A buffer that stays open after a response, as it may already contain the next one."""

    def close(self) -> None:
        """Do nothing: the socket belongs to the connection."""


def _body(raw: http.client.HTTPResponse) -> bytes:
    parts: list[bytes] = []
    size, declared = 0, raw.length or 0
    while max(size, declared) <= MAX_BODY and (part := raw.read(_CHUNK)):
        size += len(part)
        parts.append(part)
    if max(size, declared) > MAX_BODY:
        raise TooLargeError(f"status {raw.status}, a body of more than {MAX_BODY:,} bytes")
    # With a size argument, `read` does not report a body that is shorter than its length.
    if raw.length:
        raise http.client.IncompleteRead(b"".join(parts), raw.length)
    return b"".join(parts)


def _download(raw: http.client.HTTPResponse) -> Download:
    found = Download()
    while max(found.length, raw.length or 0) <= MOST_BYTES and (part := raw.read(_CHUNK)):
        found.add(part)
    if max(found.length, raw.length or 0) > MOST_BYTES:
        raise TooLargeError(f"status {raw.status}, a download of more than {MOST_BYTES:,} bytes")
    if raw.length:
        raise http.client.IncompleteRead(found.body, raw.length)
    return found


def failure_of(error: Exception, *, connecting: bool = False) -> NoResponse:
    """Return the failure for an exception of connecting, sending or reading."""
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
