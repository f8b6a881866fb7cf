"""The client sends what it is told, once, and says what came back."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from fixtures.sockets import listening

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
