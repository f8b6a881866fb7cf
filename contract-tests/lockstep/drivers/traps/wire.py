"""Sends bytes over a socket, and observes the connection afterwards."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from lockstep.transport.connection import Reader, TimedSocket, TooLargeError, failure_of
from lockstep.transport.messages import NoResponse, Outcome, Response
from lockstep.transport.targets import Target

KEPT, CLOSED, SILENT = "kept", "closed", "silent"
# Maximum number of further responses that are read.
_MAX_MORE = 4


@dataclass(slots=True)
class Conversation:
    """The result of sending bytes: the first response, and the state of the connection.

    `connection` is `kept` if a plain request after them got its usual response, `closed` if the
    server closed it, `silent` if nothing was received. `more` are responses to neither request: the
    rest of one was treated as another request.
    """

    answer: Outcome
    connection: str
    more: list[Response] = field(default_factory=list)


def send_bytes(target: Target, data: bytes, methods: Sequence[str]) -> list[Outcome]:
    """Send bytes over a new connection and read one response for each of `methods`."""
    answers: list[Outcome] = []
    try:
        with target.connect() as sock:
            broken = _write(sock, data)
            reader = _reader(target, sock)
            answers.extend(_read(reader, method, broken)[0] for method in methods)
    except OSError as error:
        answers.append(failure_of(error, connecting=True))
    return answers


@dataclass(frozen=True, slots=True)
class Plain:
    """A GET that every server accepts, with `Connection: close`, and its usual status code."""

    data: bytes
    status: int | None


def converse(target: Target, data: bytes, method: str, plain: Plain) -> Conversation:
    """Send bytes over a new connection, read the response, then send a `plain` request."""
    try:
        with target.connect() as sock:
            broken = _write(sock, data)
            reader = _reader(target, sock)
            answer, reusable = _read(reader, method, broken)
            if isinstance(answer, NoResponse):
                return Conversation(answer, SILENT if answer.reason == "timeout" else CLOSED)
            if not reusable:
                return Conversation(answer, CLOSED)
            return _go_on(target, sock, answer, plain, reader)
    except OSError as error:
        return Conversation(failure_of(error, connecting=True), CLOSED)


def _go_on(
    target: Target, sock: socket.socket, answer: Outcome, plain: Plain, reader: Reader
) -> Conversation:
    reader.extend(target.timeout)
    broken = _write(sock, plain.data)
    later: list[Response] = []
    reusable, ending = True, ""
    while reusable and len(later) <= _MAX_MORE:
        found, reusable = _read(reader, "GET", broken)
        if isinstance(found, NoResponse):
            ending = SILENT if found.reason == "timeout" else CLOSED
            break
        later.append(found)
    if later and later[-1].status == plain.status:
        return Conversation(answer, KEPT, later[:-1])
    return Conversation(answer, ending or CLOSED, later)


def _reader(target: Target, sock: socket.socket) -> Reader:
    """Return a reader with the target's timeout."""
    return Reader(
        TimedSocket(sock, time.monotonic() + target.timeout), seconds=target.stream_seconds
    )


def _write(sock: socket.socket, data: bytes) -> OSError | None:
    try:
        sock.sendall(data)
    except OSError as error:
        # A server may respond and stop reading: its response is still of use.
        return error
    return None


def _read(reader: Reader, method: str, broken: OSError | None) -> tuple[Outcome, bool]:
    try:
        return reader.read(method)
    except (OSError, http.client.HTTPException, TooLargeError, ValueError) as error:
        return failure_of(broken or error), False
