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
# More answers to one request than this are not read.
_MAX_MORE = 4


@dataclass(slots=True)
class Conversation:
    """The result of some bytes: the first answer, and what the connection did then.

    `connection` is `kept` when a plain request behind them was answered as usual, `closed` when the
    server ended it, `silent` when nothing came. `more` are the answers to neither of the two: what
    was left of a request was taken for another one.
    """

    answer: Outcome
    connection: str
    more: list[Response] = field(default_factory=list)


def send_bytes(target: Target, data: bytes, methods: Sequence[str]) -> list[Outcome]:
    """Send bytes over a fresh connection and read as many answers as there are `methods`."""
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
    """A GET that every server understands, with `Connection: close`, and its usual status."""

    data: bytes
    status: int | None


def converse(target: Target, data: bytes, method: str, plain: Plain) -> Conversation:
    """Send bytes over a fresh connection, read the answer, then ask for something `plain`."""
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
    """Reads answers that come within the target's time."""
    return Reader(
        TimedSocket(sock, time.monotonic() + target.timeout), seconds=target.stream_seconds
    )


def _write(sock: socket.socket, data: bytes) -> OSError | None:
    try:
        sock.sendall(data)
    except OSError as error:
        # A server may answer and stop reading: what it said is still worth reading.
        return error
    return None


def _read(reader: Reader, method: str, broken: OSError | None) -> tuple[Outcome, bool]:
    try:
        return reader.read(method)
    except (OSError, http.client.HTTPException, TooLargeError, ValueError) as error:
        return failure_of(broken or error), False
