"""Streams are read for a bounded time, and no response can hang a request forever."""

from __future__ import annotations

import gzip
import hashlib
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lockstep.drivers.traps.wire import send_bytes
from lockstep.transport import connection, downloads
from lockstep.transport.messages import NoResponse, Request, Response
from lockstep.transport.streams import STREAM_BYTES, STREAM_ITEMS, ItemCounter
from lockstep.transport.targets import Target

Talk = Callable[[socket.socket, threading.Event], None]
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
GET = Request("GET", "/")


@contextmanager
def talking(talk: Talk, timeout: float = 5.0, stream_seconds: float = 0.3) -> Iterator[Target]:
    """A server that runs `talk` on each connection until its event is set."""
    done = threading.Event()
    threads: list[threading.Thread] = []

    def converse(sock: socket.socket) -> None:
        with sock:
            sock.recv(65536)
            try:
                talk(sock, done)
            except OSError:
                return

    def work(server: socket.socket) -> None:
        while True:
            try:
                sock, _ = server.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=converse, args=(sock,)))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = threading.Thread(target=work, args=(server,))
        accepting.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        target = Target("toy", url, timeout=timeout, stream_seconds=stream_seconds)
        try:
            yield target
        finally:
            done.set()
            target.close()
            server.shutdown(socket.SHUT_RDWR)
    for thread in (accepting, *threads):
        thread.join()


def for_ever(head: bytes, piece: bytes, pause: float = 0.02) -> Talk:
    """A `talk` that sends `head`, then `piece` repeatedly."""

    def talk(sock: socket.socket, done: threading.Event) -> None:
        sock.sendall(head)
        while not done.wait(pause) if pause else not done.is_set():
            sock.sendall(piece)

    return talk


def timed(target: Target) -> tuple[Response | NoResponse, float]:
    """The outcome of a request, and its duration in seconds."""
    began = time.monotonic()
    return target.send(GET), time.monotonic() - began


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    "talk",
    [
        for_ever(b"", b""),
        for_ever(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", b"x"),
        for_ever(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n", b"x"),
        for_ever(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        for_ever(b"HTTP/1.1 200 OK\r\n", b"X-Next: y\r\n", pause=0.04),
        for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        for_ever(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        for_ever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", pause=0),
        for_ever(CHUNKED + b"\r\n", b"1;extension=x\r\nx\r\n"),
        for_ever(CHUNKED + b"\r\n0\r\n", b"X-Trailer: y\r\n"),
        for_ever(CHUNKED + b"Content-Type: application/zip\r\n\r\n", b"1\r\nx\r\n"),
        for_ever(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Long: ", b"x"),
        for_ever(EVENTS[:-2] + b"Content-Length: 999999\r\n\r\n", b"x"),
    ],
)
def test_endless_response_times_out(talk: Talk) -> None:
    with talking(talk, timeout=0.4) as target:
        outcome, seconds = timed(target)
    assert outcome == NoResponse("timeout")
    assert 0.3 < seconds < 1.3


def test_raw_request_times_out() -> None:
    with talking(for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), timeout=0.4) as target:
        began = time.monotonic()
        outcomes = send_bytes(target, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", ["GET"])
        assert time.monotonic() - began < 1.3
    assert outcomes == [NoResponse("timeout")]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/event-stream",
        "Text/Event-Stream; charset=utf-8",
        "application/x-ndjson",
        "application/jsonl",
        "application/json-seq",
        "multipart/x-mixed-replace; boundary=frame",
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
def test_endless_stream_is_read_for_a_bounded_time(content_type: str, chunked: bool) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n"
    head += "Transfer-Encoding: chunked\r\n\r\n" if chunked else "\r\n"
    piece = b"8\r\n" + b"data: 1\n" + b"\r\n" if chunked else b"data: 1\n"
    with talking(for_ever(head.encode(), piece, pause=0.05)) as target:
        outcome, seconds = timed(target)
        assert not target._idle
    assert isinstance(outcome, Response)
    assert outcome.cut
    assert outcome.body.startswith(b"data: 1\ndata: 1\n")
    assert 0.2 < seconds < 1.2


def test_stream_without_events_is_a_response() -> None:
    with talking(for_ever(EVENTS, b"")) as target:
        outcome, _ = timed(target)
    assert outcome == Response(200, (("Content-Type", "text/event-stream"),), b"", "OK")
    assert isinstance(outcome, Response)
    assert outcome.cut


def test_finite_stream_is_read_to_its_end() -> None:
    with talking(lambda sock, _: sock.sendall(EVENTS + b"data: 1\n\n")) as target:
        outcome, seconds = timed(target)
    assert isinstance(outcome, Response)
    assert (outcome.body, outcome.cut) == (b"data: 1\n\n", False)
    assert seconds < 0.3


def test_interrupted_stream_is_dropped() -> None:
    head = EVENTS[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"
    with talking(lambda sock, _: sock.sendall(head + b"9\r\ndata: 1\n\n\r\n")) as target:
        assert target.send(GET) == NoResponse("dropped")


def test_stream_time_starts_at_the_response_head() -> None:
    def talk(sock: socket.socket, done: threading.Event) -> None:
        done.wait(0.5)
        for_ever(EVENTS, b"data: 1\n\n")(sock, done)

    with talking(talk) as target:
        outcome, seconds = timed(target)
    assert isinstance(outcome, Response)
    assert outcome.body.count(b"data") > 2
    assert 0.7 < seconds < 1.6


def test_streams_of_several_servers_are_read_for_the_same_time() -> None:
    talk = for_ever(EVENTS, b"data: 1\n\n")
    with talking(talk, stream_seconds=0.5) as one, talking(talk, stream_seconds=0.5) as other:
        began = time.monotonic()
        pending = [one.start(GET), other.start(GET)]
        outcomes = [each.finish() for each in pending]
        assert time.monotonic() - began < 0.9
    counts = [outcome.body.count(b"data") for outcome in outcomes if isinstance(outcome, Response)]
    assert len(counts) == 2
    assert min(counts) > 5
    assert abs(counts[0] - counts[1]) < 8


@pytest.mark.parametrize("piece", [b"data: 1\n\n" * 500, b": " + b"x" * 60_000 + b"\n"])
def test_fast_stream_is_bounded_by_size(piece: bytes) -> None:
    with talking(for_ever(EVENTS, piece, pause=0), stream_seconds=3) as target:
        outcome, seconds = timed(target)
    assert isinstance(outcome, Response)
    assert outcome.cut
    assert len(outcome.body) < STREAM_BYTES + 70_000
    assert outcome.body.count(b"\n\n") < STREAM_ITEMS + 8_000
    assert seconds < 3


def test_cut_compressed_stream_is_decoded() -> None:
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(b"data: 1\n\n") + packer.flush(zlib.Z_SYNC_FLUSH)
    head = EVENTS[:-2] + b"Content-Encoding: gzip\r\n\r\n"

    def talk(sock: socket.socket, done: threading.Event) -> None:
        sock.sendall(head + packed)
        done.wait(5)

    with talking(talk) as target:
        outcome = target.send(GET)
    assert isinstance(outcome, Response)
    assert outcome.body == b"data: 1\n\n"
    whole = gzip.compress(b"data: 2\n\n")
    with talking(lambda sock, _: sock.sendall(head + whole)) as target:
        outcome = target.send(GET)
    assert isinstance(outcome, Response)
    assert outcome.body == b"data: 2\n\n"


@pytest.mark.parametrize(
    ("content_type", "text", "count"),
    [
        ("text/event-stream", b"data: 1\r\n\r\ndata: 2\n\ndata: 3\r\rdata: 4", 3),
        ("application/x-ndjson", b"1\n2\n3", 2),
        ("multipart/x-mixed-replace; boundary=--ab", b"--ab\r\n\r\n1\r\n--ab\r\n", 2),
    ],
)
def test_items_are_counted_across_chunk_boundaries(
    content_type: str, text: bytes, count: int
) -> None:
    for size in range(1, len(text)):
        counter = ItemCounter(content_type)
        for at in range(0, len(text), size):
            counter.add(text[at : at + size])
        assert counter.count == count


def test_interim_responses_are_skipped() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    final = b"HTTP/1.1 204 No Content\r\n\r\n"
    with talking(lambda sock, _: sock.sendall(hints + final)) as target:
        assert target.send(GET) == Response(204, (), b"", "No Content")


def test_connection_is_not_reused_after_switching_protocols() -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"

    def talk(sock: socket.socket, done: threading.Event) -> None:
        sock.sendall(switch)
        done.wait(5)

    with talking(talk) as target:
        outcome, seconds = timed(target)
        assert not target._idle
    assert outcome == Response(101, (("Upgrade", "x"),), b"", "Switching Protocols")
    assert seconds < 0.3


def test_long_download_is_kept_as_length_and_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    body = bytes(range(256)) * 12_000
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\nContent-Length: %d\r\n\r\n"
    with talking(lambda sock, _: sock.sendall(head % len(body) + body)) as target:
        outcome = target.send(GET)
        assert isinstance(outcome, Response)
        assert len(outcome.body) == downloads.KEPT_BYTES
        assert outcome.whole == downloads.Whole(len(body), hashlib.sha256(body).hexdigest())
        monkeypatch.setattr(connection, "MOST_BYTES", 1_000_000)
        assert target.send(GET) == NoResponse("too_large")


@pytest.mark.parametrize(
    ("content_type", "binary"),
    [
        ("application/octet-stream", True),
        ("application/pdf", True),
        ("image/png", True),
        ("application/vnd.ms-excel", True),
        ("application/x-protobuf; proto=a.B", True),
        ("image/svg+xml", False),
        ("application/problem+json", False),
        ("application/x-www-form-urlencoded", False),
        ("application/javascript", False),
        ("text/csv", False),
        (None, False),
    ],
)
def test_binary_media_types(content_type: str | None, binary: bool) -> None:
    assert downloads.is_binary(content_type) is binary
