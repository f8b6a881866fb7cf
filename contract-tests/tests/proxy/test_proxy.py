"""The proxy forwards everything, hides faults of mirrors from clients, and finds differences."""

from __future__ import annotations

import gzip
import http.client
import json
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from queue import Queue
from typing import Any

import pytest
from fixtures.blog_server import DOCUMENT as BLOG
from fixtures.proxied import JSON, Proxied, proxied
from fixtures.scripted_server import plain, scripted

from lockstep.exchange.exchanger import Exchanger
from lockstep.proxy import ProxyError, ProxySettings
from lockstep.proxy.stage import compare_traffic
from lockstep.report.data import as_data
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]
ALL = ProxySettings(port=0, methods=None)
READS = ProxySettings(port=0)


@pytest.fixture
def proxy(run: Run, servers: Servers) -> Iterator[Callable[..., Proxied]]:
    """A function that starts a proxy before a sound and a faulty server."""
    with ExitStack() as stack:
        yield lambda settings, *faults: stack.enter_context(
            proxied(run, servers(*faults), settings)
        )


@pytest.fixture
def before(run: Run) -> Iterator[Callable[..., Proxied]]:
    """A function that starts a proxy before scripted servers."""
    with ExitStack() as stack:

        def start(settings: ProxySettings, *answers: Any) -> Proxied:
            targets = [
                stack.enter_context(scripted(name, answer))
                for name, answer in zip(("old", "new"), answers, strict=False)
            ]
            targets += [Target("new", "http://127.0.0.1:1")] * (2 - len(targets))
            return stack.enter_context(proxied(run, targets, settings))

        yield start


def found(run: Run) -> set[tuple[str, str, str]]:
    return {(each.operation, each.kind, each.where) for each in run.ledger.findings.all()}


def use(proxy: Proxied) -> None:
    """Create, read and list notes."""
    token = proxy.log_in()
    note = json.loads(proxy.send("POST", "/notes", {"text": "ONE"}, token).body)
    assert proxy.send("GET", f"/notes/{note['id']}", None, token).status == 200
    proxy.send("GET", "/notes?limit=5", None, token)
    proxy.send("DELETE", f"/notes/{note['id']}", None, token)
    assert proxy.send("GET", f"/notes/{note['id']}", None, token).status == 404


def test_sound_servers_are_alike_under_traffic(run: Run, proxy: Callable[..., Proxied]) -> None:
    work = proxy(ALL)
    use(work)
    counts = work.end()
    assert found(run) == set()
    assert (counts.answered, counts.mirrored, counts.skipped) == (7, 7, 0)
    assert run.ledger.requests == 14


@pytest.mark.parametrize(
    ("fault", "difference"),
    [
        ("text", ("createNote", "value", "body /text")),
        ("lost_delete", ("getNote", "status", "status")),
    ],
)
def test_a_planted_difference_is_found_by_traffic(
    run: Run, proxy: Callable[..., Proxied], fault: str, difference: tuple[str, str, str]
) -> None:
    work = proxy(ALL, fault)
    use(work)
    work.end()
    assert difference in found(run)


def test_writes_are_not_mirrored_by_default(run: Run, proxy: Callable[..., Proxied]) -> None:
    work = proxy(READS)
    token = work.log_in()
    work.send("POST", "/notes", {"text": "ONE"}, token)
    counts = work.end()
    assert (counts.answered, counts.mirrored) == (3, 0)
    assert run.ledger.exchanges == 0


def test_only_a_share_of_the_reads_is_mirrored(proxy: Callable[..., Proxied]) -> None:
    work = proxy(ProxySettings(port=0, sample=0))
    work.send("GET", "/metrics")
    counts = work.end()
    assert (counts.answered, counts.mirrored) == (1, 0)


def test_secrets_of_users_are_in_no_report(run: Run, proxy: Callable[..., Proxied]) -> None:
    work = proxy(ALL, "text")
    token = work.log_in()
    work.send("POST", "/notes", {"text": "ONE"}, token)
    work.end()
    report = json.dumps(as_data(run.finish()))
    assert "createNote" in report
    assert "***" in report
    assert token not in report
    assert '"secret"' not in report
    assert r"\"secret\"" not in report


def test_a_response_is_streamed_chunk_by_chunk(
    before: Callable[..., Proxied],
) -> None:
    received = threading.Semaphore(0)

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for _ in range(3):
            handler.wfile.write(b"3\r\nabc\r\n")
            # Waits until the client has the chunk: with a proxy that buffers, this would time out.
            assert received.acquire(timeout=10)
        handler.wfile.write(b"0\r\n\r\n")

    work = before(READS, slowly)
    connection = http.client.HTTPConnection(*work.client.address, timeout=10)
    connection.request("GET", "/notes")
    answer = connection.getresponse()
    for _ in range(3):
        assert answer.read(3) == b"abc"
        received.release()
    assert answer.read() == b""
    connection.close()


def test_a_request_body_is_streamed_chunk_by_chunk(before: Callable[..., Proxied]) -> None:
    arrived: Queue[bytes] = Queue()

    def take(handler: BaseHTTPRequestHandler) -> None:
        for _ in range(2):
            size = int(handler.rfile.readline(), 16)
            arrived.put(handler.rfile.read(size + 2)[:-2])
        handler.rfile.readline()
        handler.rfile.readline()
        plain(handler, b"ok")

    work = before(READS, take)
    with socket.create_connection(work.client.address, timeout=10) as sock:
        sock.sendall(b"POST /notes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in (b"one", b"two"):
            sock.sendall(b"3\r\n" + part + b"\r\n")
            assert arrived.get(timeout=10) == part
        sock.sendall(b"0\r\n\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("size", [0, 1, 3 << 20])
def test_large_bodies_are_forwarded_completely_in_both_directions(
    before: Callable[..., Proxied], size: int
) -> None:
    def echo(handler: BaseHTTPRequestHandler) -> None:
        plain(handler, handler.rfile.read(int(handler.headers["Content-Length"])))

    work = before(READS, echo)
    data = b"x" * size
    answer = work.client.send(Request("POST", "/notes", (), data))
    assert isinstance(answer, Response)
    assert answer.body == data


def test_only_status_and_headers_of_a_large_response_are_compared(
    run: Run, before: Callable[..., Proxied]
) -> None:
    big = json.dumps({"data": ["x" * 2000], "next_cursor": None}).encode()

    def answer(*headers: tuple[str, str]) -> Callable[[BaseHTTPRequestHandler], None]:
        return lambda handler: plain(handler, big, JSON, *headers)

    work = before(ProxySettings(port=0, body_limit=1000), answer(), answer(("X-More", "1")))
    assert work.send("GET", "/notes").body == big
    counts = work.end()
    assert counts.cut == 1
    assert found(run) == {("listNotes", "header", "header x-more")}
    assert "1 responses compared by status and headers only" in run.not_judged[0]


def test_compressed_responses_are_compared_decoded(
    run: Run, before: Callable[..., Proxied]
) -> None:
    def packed(level: int) -> Callable[[BaseHTTPRequestHandler], None]:
        body = gzip.compress(b"x_total 1\n" * 100, level)
        encoding = ("Content-Encoding", "gzip")
        return lambda handler: plain(handler, body, ("Content-Type", "text/plain"), encoding)

    work = before(READS, packed(1), packed(9))
    answer = work.client.send(Request("GET", "/metrics", (("Accept-Encoding", "gzip"),)))
    assert isinstance(answer, Response)
    # The client decodes by the declared encoding.
    assert answer.header("content-encoding") == "gzip"
    assert answer.body == b"x_total 1\n" * 100
    assert work.end().mirrored == 1
    assert found(run) == set()


def test_a_mirror_that_hangs_delays_no_client(run: Run, before: Callable[..., Proxied]) -> None:
    free = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        assert free.wait(30)
        plain(handler, b"")

    work = before(
        ProxySettings(port=0, queue=2),
        lambda handler: plain(handler, b"x 1\n", ("Content-Type", "text/plain")),
        hang,
    )
    for _ in range(10):
        # The mirror does not respond before the last of these has a response.
        assert work.send("GET", "/metrics").status == 200
    free.set()
    counts = work.end()
    assert counts.answered == 10
    assert counts.skipped >= 7
    assert any("skipped" in note for note in run.not_judged)


def test_a_failing_mirror_is_reported_and_does_not_affect_clients(
    run: Run, before: Callable[..., Proxied]
) -> None:
    work = before(READS, lambda handler: plain(handler, b"x 1\n", ("Content-Type", "text/plain")))
    assert {work.send("GET", "/metrics").status for _ in range(8)} == {200}
    counts = work.end()
    assert counts.faults["new", "refused"] == 5
    assert found(run) == set()
    assert run.finish().exit_code == 2


def test_an_invalid_response_of_a_mirror_is_a_finding(
    run: Run, before: Callable[..., Proxied]
) -> None:
    def garbage(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"nonsense\r\n\r\n")
        handler.close_connection = True

    work = before(
        READS, lambda handler: plain(handler, b"x 1\n", ("Content-Type", "text/plain")), garbage
    )
    assert work.send("GET", "/metrics").status == 200
    work.end()
    assert ("getMetrics", "outcome", "outcome") in found(run)


def test_many_clients_are_served_at_once(run: Run, proxy: Callable[..., Proxied]) -> None:
    work = proxy(READS)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: work.send("GET", "/notes"), range(100)))
    assert {answer.status for answer in answers} == {401}
    counts = work.end()
    assert counts.answered == 100
    assert counts.mirrored + counts.skipped == 100
    assert found(run) == set()


def test_a_client_that_disconnects_is_counted_and_does_not_affect_others(
    before: Callable[..., Proxied],
) -> None:
    left = threading.Event()

    def endless(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/metrics":
            plain(handler, b"x 1\n")
            return
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            left.set()
        handler.close_connection = True

    work = before(READS, endless)
    with socket.create_connection(work.client.address, timeout=10) as sock:
        sock.sendall(b"GET /notes HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(100)
    # The leader notices it, and others still get responses.
    assert left.wait(10)
    assert work.send("GET", "/metrics").status == 200
    assert work.end().left == 1


def events(second: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return a server that sends two events, then comments."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/metrics":
            plain(handler, b"x 1\n")
            return
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        handler.wfile.write(f"data: first\n\ndata: {second}\n\n".encode())
        try:
            while True:
                handler.wfile.write(b": still here\n\n")
                time.sleep(0.05)
        except OSError:
            handler.close_connection = True

    return answer


@pytest.mark.parametrize("second", ["second", "other"])
def test_an_event_stream_is_forwarded_and_compared_event_by_event(
    run: Run, before: Callable[..., Proxied], second: str
) -> None:
    work = before(READS, events("second"), events(second))
    with socket.create_connection(work.client.address, timeout=10) as sock:
        sock.sendall(b"GET /notes HTTP/1.1\r\nHost: x\r\n\r\n")
        came = b""
        while b"data: second" not in came:
            came += sock.recv(1000)
    # The client has left; the proxy notices it at its next write.
    counts = work.end()
    assert counts.mirrored == 1
    assert (("listNotes", "value", "body /*/data") in found(run)) is (second == "other")


def test_a_truncated_response_of_the_leader_is_not_completed(
    before: Callable[..., Proxied],
) -> None:
    def broken(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"x")
        handler.close_connection = True

    work = before(READS, broken)
    answer = work.client.send(Request("GET", "/notes"))
    assert not isinstance(answer, Response)
    assert work.end().failed == 1


def test_a_leader_that_is_down_is_a_bad_gateway(run: Run, servers: Servers) -> None:
    gone = [Target("old", "http://127.0.0.1:1"), servers()[0]]
    with proxied(run, gone, READS) as work:
        answer = work.send("GET", "/notes")
        assert answer.status == 502
        assert b"old did not respond" in answer.body
        assert work.end().failed == 1


def test_hop_by_hop_headers_are_not_forwarded(before: Callable[..., Proxied]) -> None:
    seen: Queue[dict[str, str]] = Queue()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.put({name.lower(): value for name, value in handler.headers.items()})
        own = f"http://{handler.headers['Host']}"
        handler.send_response_only(302)
        for name, value in (
            ("Location", own + "/notes?a=b"),
            ("Connection", "X-Hop"),
            ("X-Hop", "1"),
            ("Content-Length", "0"),
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
        ):
            handler.send_header(name, value)
        handler.end_headers()

    work = before(READS, answer)
    headers = (
        ("Connection", "close, X-Mine"),
        ("X-Mine", "1"),
        ("TE", "trailers"),
        ("X-Kept", "é"),
    )
    sent = work.client.send(Request("GET", "/a//b/../c%2F?x=%zz&y=1", headers))
    assert isinstance(sent, Response)
    got = seen.get(timeout=10)
    assert got.keys() == {"host", "x-kept", "via"}
    assert got["host"] != work.client.host
    assert [name for name, _ in sent.headers if name != "Connection"] == [
        "Location",
        "Content-Length",
        "Set-Cookie",
        "Set-Cookie",
    ]
    assert sent.header("location") == work.client.base_url + "/notes?a=b"


def test_the_path_is_forwarded_unchanged(before: Callable[..., Proxied]) -> None:
    seen: Queue[str] = Queue()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.put(handler.requestline.split(" ")[1])
        plain(handler, b"")

    work = before(READS, answer)
    for path in ("/a//b", "/a/../b/./c", "/a%2Fb%zz", "/a?x=%20&y=a+b&x=", "/a;b=c"):
        work.client.send(Request("GET", path))
        assert seen.get(timeout=10) == path


def test_head_and_expect_are_answered(before: Callable[..., Proxied]) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        plain(handler, handler.rfile.read(length) or b"12345")

    work = before(READS, answer)
    head = work.client.send(Request("HEAD", "/notes"))
    assert isinstance(head, Response)
    assert (head.header("content-length"), head.body) == ("5", b"")
    with socket.create_connection(work.client.address, timeout=10) as sock:
        sock.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        )
        assert sock.recv(1000).startswith(b"HTTP/1.1 100 ")
        sock.sendall(b"ab")
        answered = b""
        while not answered.endswith(b"ab"):
            answered += sock.recv(1000)
    assert answered.startswith(b"HTTP/1.1 200 ")


def test_a_websocket_is_refused(before: Callable[..., Proxied]) -> None:
    work = before(READS, lambda handler: plain(handler, b""))
    headers = (("Connection", "Upgrade"), ("Upgrade", "websocket"))
    answer = work.client.send(Request("GET", "/notes", headers))
    assert isinstance(answer, Response)
    assert answer.status == 501


def test_reads_that_overlap_with_a_write_are_no_divergence(
    run: Run, before: Callable[..., Proxied]
) -> None:
    reading, written = threading.Event(), threading.Event()

    def old(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "GET":
            reading.set()
            assert written.wait(10)
        plain(handler, b"old", ("Content-Type", "text/plain"))

    work = before(
        READS, old, lambda handler: plain(handler, b"new", ("Content-Type", "text/plain"))
    )
    with ThreadPoolExecutor(1) as threads:
        read = threads.submit(work.send, "GET", "/metrics?a")
        assert reading.wait(10)
        work.send("DELETE", "/metrics")
        written.set()
        assert read.result(10).status == 200
    counts = work.end()
    assert (counts.unclear, counts.mirrored) == (1, 0)
    assert found(run) == set()


def test_a_failure_of_one_side_is_a_divergence_despite_a_write(
    before: Callable[..., Proxied],
) -> None:
    reading, written = threading.Event(), threading.Event()

    def old(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "GET":
            reading.set()
            assert written.wait(10)
        plain(handler, b"old", ("Content-Type", "text/plain"))

    work = before(READS, old, lambda handler: handler.send_error(500))
    with ThreadPoolExecutor(1) as threads:
        read = threads.submit(work.send, "GET", "/metrics?a")
        assert reading.wait(10)
        work.send("DELETE", "/metrics")
        written.set()
        assert read.result(10).status == 200
    counts = work.end()
    assert (counts.unclear, counts.mirrored) == (0, 1)


def test_an_address_in_use_is_an_error(run: Run, servers: Servers) -> None:
    targets = servers()
    taken = ProxySettings(port=targets[0].address[1])
    with pytest.raises(ProxyError, match="cannot listen on 127"):
        compare_traffic(run, targets, taken, lambda _url, _end: None)


def test_the_proxy_ends_after_its_time_limit(run: Run, servers: Servers) -> None:
    brief = ProxySettings(port=0, seconds=0.01)
    counts = compare_traffic(run, servers(), brief, lambda _url, _end: None)
    assert counts.answered == 0


def test_an_error_while_comparing_fails_the_run_but_no_client(
    run: Run, proxy: Callable[..., Proxied], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("why")

    monkeypatch.setattr(Exchanger, "record", fail)
    work = proxy(READS)
    assert [work.send("GET", "/notes").status for _ in range(2)] == [401, 401]
    counts = work.end()
    assert counts.errors == ["comparing listNotes: ZeroDivisionError"] * 2
    assert run.finish().exit_code == 2


def test_a_crash_of_the_serving_process_fails_the_run(
    run: Run, proxy: Callable[..., Proxied]
) -> None:
    work = proxy(READS)
    assert work.send("GET", "/notes").status == 401
    (front,) = multiprocessing.active_children()
    front.kill()
    counts = work.over()
    assert counts.errors == ["the process that serves clients ended unexpectedly"]
    # What it did not report is still counted.
    assert counts.mirrored + counts.skipped == 1
    assert run.finish().exit_code == 2


def test_a_write_that_is_not_mirrored_is_reported(run: Run, before: Callable[..., Proxied]) -> None:
    def take(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers["Content-Length"]))
        plain(handler, b"")

    work = before(ProxySettings(port=0, methods=None, body_limit=10), take, take)
    work.send("POST", "/notes", {"text": "longer than that"})
    counts = work.end()
    assert (counts.lost, counts.mirrored) == (1, 0)
    assert "the states may have diverged" in run.not_judged[0]


@pytest.mark.parametrize("closing", ["old", "new", "both"])
def test_a_connection_closed_by_one_side_is_found(closing: str) -> None:
    def answer(name: str) -> Callable[[BaseHTTPRequestHandler], None]:
        def take(handler: BaseHTTPRequestHandler) -> None:
            # A server that closes all connections just has no persistent ones. The mirror gets
            # reads concurrently, so that only the request tells which one is kept open.
            closes = closing in (name, "both") and "number=0" not in handler.path
            plain(handler, b'{"tags":[]}', JSON, *[("Connection", "close")] * closes)

        return take

    # Connections are compared if a document does not annotate generated values.
    run = Run(Settings(BLOG, require_coverage=False))
    with ExitStack() as stack:
        targets = [stack.enter_context(scripted(name, answer(name))) for name in ("old", "new")]
        work = stack.enter_context(proxied(run, targets, READS))
        for number in range(4):
            answered = work.send("GET", f"/tags?number={number}")
            assert answered.header("connection") is None
        assert work.end().mirrored == 4
    expected = set() if closing == "both" else {("GetTags", "connection", "connection")}
    assert found(run) == expected
