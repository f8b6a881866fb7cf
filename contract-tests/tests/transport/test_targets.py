"""The HTTP client: exact bytes, connection reuse, retries, timeouts, limits and decoding."""

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


def test_request_is_sent_byte_for_byte() -> None:
    with listening(OK) as (target, seen, _):
        request = Request("POST", "/a?b=%2F", (("A", "1"), ("a", "\xe9")), b"\x00body")
        outcome = target.send(request)
    host = target.base_url.removeprefix("http://").encode()
    assert seen == [
        b"POST /a?b=%2F HTTP/1.1\r\nHost: " + host + b"\r\nA: 1\r\na: \xe9\r\n"
        b"Content-Length: 5\r\n\r\n\x00body"
    ]
    assert outcome == Response(200, (("Content-Length", "2"),), b"ok", "OK")


def test_repeated_headers_are_kept_and_redirects_not_followed() -> None:
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
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab", "dropped"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "dropped"),
        (b"nonsense\r\n\r\n", "malformed"),
    ],
)
def test_failed_post_is_classified_and_not_retried(answer: bytes, reason: str) -> None:
    with listening(answer) as (target, seen, _):
        outcome = target.send(Request("POST", "/", (), b"x"))
    assert outcome == NoResponse(reason)
    assert len(seen) == 1


def test_unreachable_server_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert Target("gone", f"http://127.0.0.1:{port}").send(Request("GET", "/")) == NoResponse(
        "refused"
    )


def test_connection_closed_by_the_server_is_not_reused() -> None:
    with listening(OK, OK) as (target, seen, closed):
        first = target.send(Request("GET", "/"))
        assert closed.acquire(timeout=5)
        second = target.send(Request("GET", "/"))
    assert isinstance(first, Response)
    assert first == second
    assert len(seen) == 2


def test_keep_alive_connection_is_reused(
    servers: Callable[..., list[Target]],
) -> None:
    left, _ = servers()
    for _ in range(3):
        assert isinstance(left.send(Request("GET", "/metrics")), Response)
    assert len(left._idle) == 1


@pytest.mark.parametrize("url", ["ftp://example.com", "example.com", "http://"])
def test_target_url_must_be_http(url: str) -> None:
    with pytest.raises(ValueError, match="not an http"):
        Target("x", url)


Talk = Callable[[socket.socket, int], None]


@contextmanager
def talking(talk: Talk, timeout: float = 5.0) -> Iterator[tuple[Target, list[bytes]]]:
    """A server that runs `talk` on each connection, with the list of requests it has received.

    `talk` receives the socket and the number of earlier connections.
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
    """A socket that records what it reads."""

    def __init__(self, sock: socket.socket, seen: list[bytes]) -> None:
        super().__init__(fileno=sock.detach())
        self._noted = seen

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        data = super().recv(size, flags)
        self._noted += [data] if data else []
        return data


def once(sock: socket.socket, _number: int) -> None:
    """Answer the first request, and close the connection at the second without a byte."""
    sock.recv(65536)
    sock.sendall(OK)
    sock.recv(65536)


def always(sock: socket.socket, _number: int) -> None:
    """Answer every request."""
    while sock.recv(65536):
        sock.sendall(OK)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])
def test_idempotent_request_is_retried_on_a_new_connection(method: str) -> None:
    with talking(once) as (target, seen):
        assert isinstance(target.send(Request("GET", "/")), Response)
        assert isinstance(target.send(Request(method, "/again")), Response)
    assert [data.split()[1] for data in seen] == [b"/", b"/again", b"/again"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_non_idempotent_request_is_not_retried(method: str) -> None:
    with talking(once) as (target, seen):
        target.send(Request("GET", "/"))
        # As if the server had closed it right after the check.
        target._idle[0].used_at = time.monotonic() + 60
        assert target.send(Request(method, "/write")) == NoResponse("dropped")
        assert isinstance(target.send(Request(method, "/next")), Response)
    assert [data.split()[1] for data in seen] == [b"/", b"/write", b"/next"]


def test_non_idempotent_request_uses_a_recently_used_or_new_connection() -> None:
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
        # The old connection is closed: a server may serve only one at a time.
        assert len(target._idle) == 1


def test_drop_on_the_new_connection_is_reported() -> None:
    def talk(sock: socket.socket, number: int) -> None:
        sock.recv(65536)
        if number == 0:
            sock.sendall(OK)
            sock.recv(65536)

    with talking(talk) as (target, seen):
        target.send(Request("GET", "/"))
        assert target.send(Request("GET", "/crash")) == NoResponse("dropped")
    assert len(seen) == 3


def test_drop_in_mid_response_is_not_retried() -> None:
    def talk(sock: socket.socket, _number: int) -> None:
        for answer in (OK, OK[:-1]):
            sock.recv(65536)
            sock.sendall(answer)

    with talking(talk) as (target, seen):
        target.send(Request("GET", "/"))
        outcome = target.send(Request("GET", "/half"))
    assert isinstance(outcome, NoResponse)
    assert (outcome.reason, outcome.count > 0, len(seen)) == ("dropped", True, 2)


def test_connection_is_not_reused_after_a_server_error() -> None:
    failed = OK.replace(b"200 OK", b"500 Oh")
    with listening(failed, OK) as (target, seen, _):
        target.send(Request("GET", "/"))
        assert target._idle == []
        assert isinstance(target.send(Request("POST", "/")), Response)
    assert len(seen) == 2


def test_timeout_covers_a_response_that_trickles_in() -> None:
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


def test_timeout_without_any_byte_is_distinguished() -> None:
    free = threading.Event()

    def talk(_sock: socket.socket, _number: int) -> None:
        free.wait(5)

    with talking(talk, timeout=0.05) as (target, _):
        outcome = target.send(Request("GET", "/"))
        free.set()
    assert outcome == NoResponse("timeout")
    assert isinstance(outcome, NoResponse)
    assert (outcome.count, outcome.detail) == (0, "no byte was received in time")


def test_response_received_before_the_deadline_check_is_read() -> None:
    with talking(always, timeout=0.05) as (target, seen):
        pending = target.start(Request("GET", "/"))
        pending.deadline -= 60
        assert isinstance(pending.finish(), Response)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "head", [b"Content-Length: 9999999999\r\n", b"Transfer-Encoding: chunked\r\n", b""]
)
def test_oversized_body_is_not_kept(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
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
        # mtime=0, so that all xdist workers collect the same test IDs.
        ("gzip", gzip.compress(b"text ", mtime=0) + gzip.compress(b"text", mtime=0)),
        ("deflate", zlib.compress(b"text text")),
        ("deflate", zlib.compress(b"text text", wbits=-15)),
        ("br", brotli.compress(b"text text")),
        ("zstd", zstandard.compress(b"text ") + zstandard.compress(b"text")),
        ("GZIP , br", brotli.compress(gzip.compress(b"text text", mtime=0))),
    ],
)
def test_compressed_body_is_decoded(coding: str, packed: bytes) -> None:
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
        ("gzip", gzip.compress(b"text text", mtime=0)[:-2]),
        ("br", brotli.compress(b"text text")[:-2]),
        ("zstd", zstandard.compress(b"text text")[:-2]),
    ],
    ids=[
        *("gzip bomb", "br bomb", "zstd bomb", "not br", "not zstd"),
        *("cut gzip", "cut br", "cut zstd"),
    ],
)
def test_corrupt_or_oversized_compressed_body_is_left_encoded(coding: str, packed: bytes) -> None:
    answer = Response(200, (("Content-Encoding", coding),), packed)
    assert decoded(answer) == answer


def test_unknown_content_coding_is_none() -> None:
    assert decoded(Response(200, (("Content-Encoding", "gzip, own"),), b"x")) is None
