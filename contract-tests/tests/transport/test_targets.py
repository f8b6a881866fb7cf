"""The client sends what it is told, once if it may, within its time, and says what came back."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import brotli
import pytest
import zstandard
from fixtures.sockets import listening

from lockstep.transport import connection, targets
from lockstep.transport.encodings import MAX_BODY, decoded
from lockstep.transport.messages import NoResponse, Request, Response
from lockstep.transport.targets import Target

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_the_bytes_on_the_wire_are_the_request() -> None:
    with listening(OK) as (target, seen, _):
        request = Request("POST", "/a?b=%2F", (("A", "1"), ("a", "\xe9")), b"\x00body")
        outcome = target.send(request)
    host = target.base_url.removeprefix("http://").encode()
    assert seen == [
        b"POST /a?b=%2F HTTP/1.1\r\nHost: " + host + b"\r\nA: 1\r\na: \xe9\r\n"
        b"Content-Length: 5\r\n\r\n\x00body"
    ]
    assert outcome == Response(200, (("Content-Length", "2"),), b"ok", "OK")


def test_repeated_headers_and_undecoded_bodies_are_kept() -> None:
    answer = (
        b"HTTP/1.1 301 Moved\r\nVary: A\r\nVary: B\r\nLocation: /x\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: 3\r\n\r\nabc"
    )
    with listening(answer) as (target, seen, _):
        outcome = target.send(Request("GET", "/"))
    assert isinstance(outcome, Response)
    assert [value for name, value in outcome.headers if name == "Vary"] == ["A", "B"]
    assert (outcome.status, outcome.body, len(seen)) == (301, b"abc", 1)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "dropped"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "dropped"),
        (b"nonsense\r\n\r\n", "malformed"),
    ],
)
def test_what_is_no_answer_is_named_and_nothing_is_sent_again(answer: bytes, reason: str) -> None:
    with listening(answer) as (target, seen, _):
        outcome = target.send(Request("POST", "/", (), b"x"))
    assert outcome == NoResponse(reason)
    assert len(seen) == 1


def test_a_server_that_is_not_there_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert Target("gone", f"http://127.0.0.1:{port}").send(Request("GET", "/")) == NoResponse(
        "refused"
    )


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    with listening(OK, OK) as (target, seen, closed):
        first = target.send(Request("GET", "/"))
        assert closed.acquire(timeout=5)
        second = target.send(Request("GET", "/"))
    assert isinstance(first, Response)
    assert first == second
    assert len(seen) == 2


def test_a_connection_is_kept_while_the_server_keeps_it(
    servers: Callable[..., list[Target]],
) -> None:
    left, _ = servers()
    for _ in range(3):
        assert isinstance(left.send(Request("GET", "/metrics")), Response)
    assert len(left._idle) == 1


@pytest.mark.parametrize("url", ["ftp://example.com", "example.com", "http://"])
def test_only_http_urls_are_targets(url: str) -> None:
    with pytest.raises(ValueError, match="not an http"):
        Target("x", url)


Talk = Callable[[socket.socket, int], None]


@contextmanager
def talking(talk: Talk, timeout: float = 5.0) -> Iterator[tuple[Target, list[bytes]]]:
    """A server that says on each connection what `talk` says; with it come the requests it got.

    `talk` is told how many connections there were before.
    """
    seen: list[bytes] = []
    threads: list[threading.Thread] = []

    def converse(sock: socket.socket, number: int) -> None:
        with _Noting(sock, seen) as noting:
            talk(noting, number)

    def work(server: socket.socket) -> None:
        for number in range(20):
            try:
                sock, _ = server.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=converse, args=(sock, number)))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = threading.Thread(target=work, args=(server,))
        accepting.start()
        port = server.getsockname()[1]
        target = Target("toy", f"http://127.0.0.1:{port}", timeout=timeout)
        yield target, seen
        target.close()
        server.shutdown(socket.SHUT_RDWR)
    for thread in (accepting, *threads):
        thread.join()


class _Noting(socket.socket):
    """A socket that notes what it reads."""

    def __init__(self, sock: socket.socket, seen: list[bytes]) -> None:
        super().__init__(fileno=sock.detach())
        self._noted = seen

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        data = super().recv(size, flags)
        self._noted += [data] if data else []
        return data


def once(sock: socket.socket, _number: int) -> None:
    """Answer the first request, and end the connection at the second without a byte."""
    sock.recv(65536)
    sock.sendall(OK)
    sock.recv(65536)


def always(sock: socket.socket, _number: int) -> None:
    """Answer every request."""
    while sock.recv(65536):
        sock.sendall(OK)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])
def test_what_may_be_repeated_is_sent_again_on_a_fresh_connection(method: str) -> None:
    with talking(once) as (target, seen):
        assert isinstance(target.send(Request("GET", "/")), Response)
        assert isinstance(target.send(Request(method, "/again")), Response)
    assert [data.split()[1] for data in seen] == [b"/", b"/again", b"/again"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_write_that_got_no_answer_is_not_sent_again(method: str) -> None:
    with talking(once) as (target, seen):
        target.send(Request("GET", "/"))
        # As if the server had ended it a moment after it was looked at.
        target._idle[0].used_at = time.monotonic() + 60
        assert target.send(Request(method, "/write")) == NoResponse("dropped")
        assert isinstance(target.send(Request(method, "/next")), Response)
    assert [data.split()[1] for data in seen] == [b"/", b"/write", b"/next"]


def test_a_write_goes_out_on_a_connection_that_has_just_answered_or_on_a_fresh_one() -> None:
    connections: set[int] = set()

    def talk(sock: socket.socket, number: int) -> None:
        connections.add(number)
        always(sock, number)

    with talking(talk) as (target, _):
        target.send(Request("GET", "/"))
        target._idle[0].used_at = time.monotonic() + 60
        target.send(Request("POST", "/"))
        assert connections == {0}
        target._idle[0].used_at = time.monotonic() - targets.LIVE_SECONDS
        target.send(Request("POST", "/"))
        assert connections == {0, 1}
        # The old one is closed: a server may have no more than one.
        assert len(target._idle) == 1


def test_a_drop_on_the_fresh_connection_counts() -> None:
    def talk(sock: socket.socket, number: int) -> None:
        sock.recv(65536)
        if number == 0:
            sock.sendall(OK)
            sock.recv(65536)

    with talking(talk) as (target, seen):
        target.send(Request("GET", "/"))
        assert target.send(Request("GET", "/crash")) == NoResponse("dropped")
    assert len(seen) == 3


def test_a_drop_in_the_middle_of_an_answer_is_not_tried_again() -> None:
    def talk(sock: socket.socket, _number: int) -> None:
        for answer in (OK, OK[:-1]):
            sock.recv(65536)
            sock.sendall(answer)

    with talking(talk) as (target, seen):
        target.send(Request("GET", "/"))
        outcome = target.send(Request("GET", "/half"))
    assert isinstance(outcome, NoResponse)
    assert (outcome.reason, outcome.count > 0, len(seen)) == ("dropped", True, 2)


def test_a_connection_is_not_used_again_after_a_server_error() -> None:
    failed = OK.replace(b"200 OK", b"500 Oh")
    with listening(failed, OK) as (target, seen, _):
        target.send(Request("GET", "/"))
        assert target._idle == []
        assert isinstance(target.send(Request("POST", "/")), Response)
    assert len(seen) == 2


def test_the_time_bounds_a_whole_answer_that_comes_drop_by_drop() -> None:
    free = threading.Event()

    def talk(sock: socket.socket, _number: int) -> None:
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        for _ in range(500):
            if free.wait(0.01):
                return
            with suppress(OSError):
                sock.sendall(b"data: tick\n\n")

    with talking(talk, timeout=0.15) as (target, _):
        begin = time.monotonic()
        outcome = target.send(Request("GET", "/"))
        seconds = time.monotonic() - begin
        free.set()
    assert isinstance(outcome, NoResponse)
    assert (outcome.reason, outcome.count > 60) == ("timeout", True)
    assert "did not end in time" in outcome.detail
    assert "data: tick" in outcome.detail
    assert seconds < 2


def test_no_byte_in_time_is_told_from_no_end() -> None:
    free = threading.Event()

    def talk(_sock: socket.socket, _number: int) -> None:
        free.wait(5)

    with talking(talk, timeout=0.05) as (target, _):
        outcome = target.send(Request("GET", "/"))
        free.set()
    assert outcome == NoResponse("timeout")
    assert isinstance(outcome, NoResponse)
    assert (outcome.count, outcome.detail) == (0, "no byte was received in time")


def test_an_answer_that_came_while_another_was_waited_for_is_read() -> None:
    with talking(always, timeout=0.05) as (target, seen):
        pending = target.start(Request("GET", "/"))
        pending.deadline -= 60
        assert isinstance(pending.finish(), Response)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "head", [b"Content-Length: 9999999999\r\n", b"Transfer-Encoding: chunked\r\n", b""]
)
def test_a_body_without_measure_is_not_kept(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_BODY", 200_000)
    piece = b"x" * 50_000
    chunked = b"c350\r\n" + piece + b"\r\n"

    def talk(sock: socket.socket, _number: int) -> None:
        sock.recv(65536)
        try:
            sock.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
            for _ in range(20):
                sock.sendall(chunked if b"chunked" in head else piece)
        except OSError:
            return

    with talking(talk) as (target, _):
        outcome = target.send(Request("GET", "/"))
    assert outcome == NoResponse("too_large")
    assert isinstance(outcome, NoResponse)
    assert "more than 200,000 bytes" in outcome.detail


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        # Without a time in them, so that every process names the case alike.
        ("gzip", gzip.compress(b"text ", mtime=0) + gzip.compress(b"text", mtime=0)),
        ("deflate", zlib.compress(b"text text")),
        ("deflate", zlib.compress(b"text text", wbits=-15)),
        ("br", brotli.compress(b"text text")),
        ("zstd", zstandard.compress(b"text ") + zstandard.compress(b"text")),
        ("GZIP , br", brotli.compress(gzip.compress(b"text text", mtime=0))),
    ],
)
def test_a_compressed_body_comes_as_it_was(coding: str, packed: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(packed)}\r\n\r\n"
    with listening(head.encode() + packed) as (target, _, _):
        outcome = target.send(Request("GET", "/"))
    assert outcome == Response(200, (("Content-Encoding", coding),), b"text text", "OK")


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(bytes(MAX_BODY + 1), mtime=0)),
        ("br", brotli.compress(bytes(MAX_BODY + 1), quality=1)),
        ("zstd", zstandard.compress(bytes(MAX_BODY + 1))),
        ("br", b"no brotli"),
        ("zstd", b"no zstd"),
        ("br", brotli.compress(b"text text")[:-2]),
    ],
    ids=["gzip bomb", "br bomb", "zstd bomb", "not br", "not zstd", "cut br"],
)
def test_what_cannot_be_unpacked_or_would_fill_the_memory_stays_as_it_is(
    coding: str, packed: bytes
) -> None:
    answer = Response(200, (("Content-Encoding", coding),), packed)
    assert decoded(answer) == answer


def test_a_coding_that_nobody_knows_is_told() -> None:
    assert decoded(Response(200, (("Content-Encoding", "gzip, own"),), b"x")) is None
