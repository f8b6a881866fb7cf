"""Requests that the HTTP parser rejects get regular error responses."""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from email.parser import Parser
from pathlib import Path

import pytest

from .clients import PASSWORD, fresh_email
from .servers import Server, running

LINE = b"GET /health HTTP/1.1\r\n"
POST = b"POST /api/v1/auth/login HTTP/1.1\r\nContent-Type: application/json\r\n"
REST = b"Host: x\r\nConnection: close\r\n\r\n"

REFUSED = {
    "verb outside the list": (b"FOO /health HTTP/1.1\r\n" + REST, "bad_request"),
    "lower-case verb": (b"get /health HTTP/1.1\r\n" + REST, "bad_request"),
    "no Host": (LINE + b"Connection: close\r\n\r\n", "bad_request"),
    "two Host": (LINE + b"Host: y\r\n" + REST, "bad_request"),
    "version": (b"GET /health HTTP/9.9\r\n" + REST, "bad_request"),
    "NUL in a header": (LINE + b"X: a\0b\r\n" + REST, "bad_request"),
    "space before the colon": (LINE + b"X : a\r\n" + REST, "bad_request"),
    "folded header": (LINE + b"X: a\r\n b\r\n" + REST, "bad_request"),
    "bare LF": (LINE.replace(b"\r", b"") + b"Host: x\n\n", "bad_request"),
    "raw UTF-8 in the path": (b"GET /\xc3\xa9 HTTP/1.1\r\n" + REST, "bad_request"),
    "length and chunks": (
        POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n" + REST,
        "bad_request",
    ),
    "length past 2^64": (POST + b"Content-Length: %d\r\n" % 2**64 + REST, "bad_request"),
    "chunk past 2^64": (
        POST + b"Transfer-Encoding: chunked\r\n" + REST + b"%x\r\n" % 2**64,
        "bad_request",
    ),
    "chunk ended by LF": (
        POST + b"Transfer-Encoding: chunked\r\n" + REST + b"2\n{}\n0\n\n",
        "bad_request",
    ),
    "negative length": (POST + b"Content-Length: -2\r\n" + REST, "bad_request"),
    "broken chunk": (POST + b"Transfer-Encoding: chunked\r\n" + REST + b"zz\r\n", "bad_request"),
    "unknown expectation": (LINE + b"Expect: more\r\n" + REST, "expectation_failed"),
    "large header": (LINE + b"X: " + b"a" * 20000 + b"\r\n" + REST, "headers_too_large"),
    "huge header": (LINE + b"X: " + b"a" * 140000 + b"\r\n" + REST, "headers_too_large"),
    "many headers": (LINE + b"X_Y: a\r\n" * 99 + REST, "headers_too_large"),
    "long path": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + REST, "uri_too_long"),
    "large body": (
        POST + b"Content-Length: 400000\r\n" + REST + b"a" * 400000,
        "body_too_large",
    ),
}

HALF = POST + b"Host: x\r\nContent-Length: 2\r\n\r\n{"
LATE = HALF.replace(b"auth/login", b"tasks").replace(
    b"Host: x", b"Host: x\r\nAuthorization: Bearer a"
)
SLOW = {"silent": b"", "half a head": LINE + b"Host: x\r\n", "half a body": LATE}
SLOW_CLIENTS = 300
# More than wait for a body in threads, and fewer than the rate limit.
SOME_CLIENTS = 50
# Bodies that can be read as JSON, but end too early.
TASK = b'{"title":"Cut off"}'
CUT = {
    "a length": b"Content-Length: %d\r\n\r\n%b" % (len(TASK) + 1, TASK),
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(TASK), TASK),
}
# The time for one request beside the slow ones, on a possibly busy machine.
PROMPT_SECONDS = 2
LATE_SECONDS = 0.1


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log: Path = tmp_path_factory.mktemp("wire") / "log"
    with running(log) as started:
        yield started


def token_of(server: Server) -> str:
    """Returns the access token of a new user."""
    credentials = {"email": fresh_email(), "password": PASSWORD}
    server.send("POST", "/api/v1/auth/register", credentials)
    return str(server.send("POST", "/api/v1/auth/login", credentials)[1]["access_token"])


@pytest.mark.parametrize("name", REFUSED)
def test_rejections_are_problem_details(server: Server, name: str) -> None:
    request, code = REFUSED[name]
    head, _, body = server.exchange(request).partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert problem["code"] == code
    assert head.startswith(f"HTTP/1.1 {problem['status']} ".encode())
    fields = Parser().parsestr(head.partition(b"\r\n")[2].decode())
    assert fields["Content-Type"] == "application/problem+json"
    assert fields["Connection"] == "close"
    assert fields["X-Request-ID"] == problem["request_id"]


def test_rejections_have_the_headers_of_production(tmp_path: Path) -> None:
    settings = {"APP_ENV": "production", "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz"}
    with running(tmp_path / "log", **settings) as server:
        answer = server.exchange(b"FOO / HTTP/1.1\r\n" + REST)
    assert b"\r\nStrict-Transport-Security: " in answer


def test_header_names_with_an_underscore_are_distinct(server: Server) -> None:
    answer = server.exchange(LINE + b"X_Request_ID: mine\r\nSCRIPT_NAME: /health\r\n" + REST)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"mine" not in answer


def test_pipelined_requests_are_all_handled(server: Server) -> None:
    answer = server.exchange(LINE + b"Host: x\r\n\r\n" + LINE + REST)
    assert answer.count(b"HTTP/1.1 200 ") == 2


def test_garbage_after_a_request_does_not_affect_its_response(server: Server) -> None:
    answer = server.exchange(LINE + b"Host: x\r\n\r\nnonsense\r\n\r\n")
    assert re.findall(rb"HTTP/1.1 \d+", answer) == [b"HTTP/1.1 200", b"HTTP/1.1 400"]


def test_empty_lines_and_extra_spaces_are_skipped(server: Server) -> None:
    answer = server.exchange(b"\r\n\n\r\nGET   /health  HTTP/1.1\r\n" + REST)
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("line", [b"FOO /health HTTP/1.1\r\n", LINE + b"Host: y\r\n"])
def test_malformed_request_gets_a_new_id_and_closes_the_connection(
    server: Server, line: bytes
) -> None:
    answer = server.exchange(line + b"X-Request-ID: mine\r\nHost: x\r\n\r\n" + LINE + REST)
    assert re.findall(rb"HTTP/1.1 \d+", answer) == [b"HTTP/1.1 400"]
    assert b"mine" not in answer


@pytest.mark.parametrize("name", SLOW)
def test_slow_clients_do_not_delay_others(server: Server, name: str) -> None:
    token = token_of(server)
    begun = SLOW[name].replace(b"Bearer a", f"Bearer {token}".encode())
    with ExitStack() as stack:
        for _ in range(SLOW_CLIENTS):
            stack.enter_context(server.connect()).sendall(begun)
        for _ in range(5):
            started = time.monotonic()
            assert server.answers()
            assert server.send("POST", "/api/v1/tasks", {"title": "a"}, token)[0] == 201
            assert time.monotonic() - started < PROMPT_SECONDS


def test_late_body_is_awaited_beside_slow_ones(server: Server) -> None:
    begun = LATE.replace(b"Bearer a", f"Bearer {token_of(server)}".encode())
    with ExitStack() as stack:
        for _ in range(SOME_CLIENTS):
            stack.enter_context(server.connect()).sendall(begun)
        assert server.answers()
        connection = stack.enter_context(server.connect())
        connection.sendall(begun)
        # Later than with the rest of a request.
        time.sleep(LATE_SECONDS)
        started = time.monotonic()
        connection.sendall(b"}")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
        assert time.monotonic() - started < PROMPT_SECONDS


def test_rejection_does_not_wait_for_the_body(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(LATE)
        started = time.monotonic()
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
        assert time.monotonic() - started < PROMPT_SECONDS


def test_early_rejection_says_that_the_connection_is_closed(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(LATE.replace(b"Host: x", b"Host: x\r\nConnection: close"))
        answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"\r\nconnection: close\r\n" in answer.lower()
        assert b"keep-alive" not in answer.lower()
        connection.sendall(b"}")
        # The body may arrive after the header.
        rest = b"".join(iter(lambda: connection.recv(65536), b""))
        assert b"HTTP/1.1" not in rest


def test_half_closed_connection_gets_its_response(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(LINE.replace(b"health", b"ready") + b"Host: x\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("begun", [LINE, HALF])
def test_incomplete_request_is_rejected(server: Server, begun: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(begun)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("name", CUT)
def test_incomplete_request_is_not_carried_out(server: Server, name: str) -> None:
    token = token_of(server)
    line = b"POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with server.connect() as connection:
        connection.sendall(line + f"Authorization: Bearer {token}\r\n".encode() + CUT[name])
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
    assert server.send("POST", "/api/v1/tasks", {"title": "Whole"}, token)[0] == 201
    tasks = server.send("GET", "/api/v1/tasks", token=token)[1]["data"]
    assert [task["title"] for task in tasks] == ["Whole"]
