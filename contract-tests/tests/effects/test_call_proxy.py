"""The proxy for a target's outbound calls passes them on, replays responses, or refuses."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme
from fixtures.orders_services import Services, services

from lockstep.effects.calls.call import REFUSED, Call
from lockstep.effects.calls.proxies import Proxies, ProxyError
from lockstep.transport.outbound import Outbound, read_address
from lockstep.transport.targets import Target
from testbed.ports import free_port

Open = Callable[..., list[str]]
_JSON = {"Content-Type": "application/json"}


@pytest.fixture
def others() -> Iterator[Services]:
    """The payment and the mail service."""
    with services() as running:
        yield running


@pytest.fixture
def proxies() -> Iterator[Proxies]:
    """The proxies of a run."""
    with closing(Proxies()) as made:
        yield made


@pytest.fixture
def opened(proxies: Proxies) -> Open:
    """A function that opens the proxies of `old` and `new`, and returns their addresses."""

    def opened(*, passes: bool = False, authority: Path | None = None) -> list[str]:
        ports = free_port(), free_port()
        proxies.open(
            [
                Target(
                    name,
                    "http://127.0.0.1:1",
                    outbound=Outbound(("127.0.0.1", port), passes, authority),
                )
                for name, port in zip(("old", "new"), ports, strict=True)
            ]
        )
        return [f"http://127.0.0.1:{port}" for port in ports]

    return opened


def begin(proxies: Proxies, **known: set[str]) -> None:
    """Begin a request to both targets; `known` maps the leader's values to the partner's."""
    proxies.book.begin(
        ["old", "new"],
        images=lambda _: lambda text: known.get(f"v{text}", set()),
        given=lambda *_: None,
    )


def call(
    proxy: str, url: str, body: object = None, context: ssl.SSLContext | None = None
) -> tuple[int, bytes]:
    """Return the status code and the body of the response to a call through a proxy."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"http": proxy, "https": proxy}),
        urllib.request.HTTPSHandler(context=context),
    )
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, _JSON)
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_a_program_with_http_proxy_calls_through_it(
    proxies: Proxies, opened: Open, others: Services
) -> None:
    old, new = opened()
    begin(proxies)
    program = (
        "import sys, urllib.request;"
        "print(urllib.request.urlopen(sys.argv[1], b'{\"amount\": 5}', 10).read().decode())"
    )
    said = []
    for proxy in (old, new):
        done = subprocess.run(
            [sys.executable, "-c", program, f"{others.url}/v2/charges"],
            env={**os.environ, "HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(json.loads(done.stdout))
        proxies.book.leader_answered()
    assert said[0] == said[1]
    assert len(others.asked) == 1
    assert [each.how for each in proxies.book.made().by_target["new"]] == [
        "answered from the recording"
    ]


def test_a_call_waits_for_its_counterpart(proxies: Proxies, opened: Open, others: Services) -> None:
    old, new = opened()
    begin(proxies)
    answers: list[tuple[int, bytes]] = []
    charge = f"{others.url}/v2/charges"
    early = threading.Thread(target=lambda: answers.append(call(new, charge, {"amount": 5})))
    early.start()
    answers.append(call(old, charge, {"amount": 5}))
    early.join()
    assert answers[0] == answers[1]
    assert len(others.asked) == 1


def test_calls_in_another_order_find_their_counterparts(
    proxies: Proxies, opened: Open, others: Services
) -> None:
    old, new = opened()
    begin(proxies)
    charge = f"{others.url}/v2/charges"
    ours = [call(old, charge, {"amount": amount}) for amount in (5, 6, 7)]
    proxies.book.leader_answered()
    theirs = [call(new, charge, {"amount": amount}) for amount in (7, 5, 6)]
    assert theirs == [ours[2], ours[0], ours[1]]


def test_a_known_id_tells_calls_apart(proxies: Proxies, opened: Open, others: Services) -> None:
    old, new = opened()
    begin(proxies, v17={"901"}, v18={"902"})
    charge = f"{others.url}/v2/charges"
    ours = [call(old, charge, {"order_id": order}) for order in (17, 18)]
    proxies.book.leader_answered()
    theirs = [call(new, charge, {"order_id": order}) for order in (902, 901)]
    assert theirs == [ours[1], ours[0]]


def test_a_call_without_counterpart_is_refused(
    proxies: Proxies, opened: Open, others: Services
) -> None:
    _, new = opened()
    begin(proxies)
    proxies.book.leader_answered()
    status, body = call(new, f"{others.url}/messages?token=Horse-7", {"to": "zed@example.com"})
    problem = json.loads(body)
    assert (status, problem["status"]) == (502, 502)
    assert problem["detail"].endswith("has no counterpart among the calls of old.")
    assert "Horse-7" not in problem["detail"]
    assert others.asked == []
    assert [each.how for each in proxies.book.made().by_target["new"]] == [REFUSED]


def test_a_call_without_counterpart_may_pass_if_configured(
    proxies: Proxies, opened: Open, others: Services
) -> None:
    _, new = opened(passes=True)
    begin(proxies)
    proxies.book.leader_answered()
    assert call(new, f"{others.url}/messages", {"to": "zed@example.com"})[0] == 202
    assert len(others.asked) == 1


def test_outside_of_a_request_the_last_response_is_replayed(
    proxies: Proxies, opened: Open, others: Services
) -> None:
    old, new = opened()
    charge = f"{others.url}/v2/charges"
    first = call(old, charge, {"amount": 5})
    proxies.book.stop_attributing()
    assert call(new, charge, {"amount": 999}) == first
    assert len(others.asked) == 1


def test_an_unreachable_service_is_a_502(proxies: Proxies, opened: Open) -> None:
    old, _ = opened()
    begin(proxies)
    status, body = call(old, f"http://127.0.0.1:{free_port()}/")
    assert status == 502
    assert "lockstep could not reach" in json.loads(body)["detail"]


def test_chunked_bodies_and_head_requests_are_read(
    proxies: Proxies, opened: Open, others: Services
) -> None:
    old, _ = opened()
    begin(proxies)
    address = old.removeprefix("http://")
    with closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        parts = iter([b'{"amount"', b": 5}"])
        connection.request("POST", f"{others.url}/v2/charges", parts, _JSON, encode_chunked=True)
        with connection.getresponse() as answer:
            assert (answer.status, "id" in json.loads(answer.read())) == (201, True)
        connection.request("HEAD", f"{others.url}/rates/EUR")
        with connection.getresponse() as answer:
            assert (answer.status, answer.read()) == (200, b"")
        connection.request("GET", "/rates/EUR")
        with connection.getresponse() as answer:
            assert answer.status == 400
    bodies = [each.body for each in proxies.book.made().calls("old")]
    assert bodies == [b'{"amount": 5}', b""]


def test_a_long_body_is_passed_on_and_recorded_as_a_digest(
    proxies: Proxies, opened: Open, others: Services
) -> None:
    old, new = opened()
    begin(proxies)
    charge, long = f"{others.url}/v2/charges", {"note": "x" * (1 << 20)}
    first = call(old, charge, long)
    proxies.book.leader_answered()
    assert call(new, charge, long) == first
    (kept,) = proxies.book.made().calls("old")
    assert (kept.body, kept.whole is not None) == (b"", True)
    assert len(others.asked) == 1


def test_a_password_in_a_url_is_not_shown() -> None:
    place = Call("GET", "http://shop:Horse-7@mail.test/messages/17?key=Horse-8").place
    assert place == "GET http://mail.test/messages/*"


class _Secure(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Respond, and count the request."""
        self.server.asked += 1  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    """An HTTPS service that this process trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "service.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "service.pem"))
    server = ThreadingHTTPServer(("localhost", 0), _Secure)
    server.asked = 0  # type: ignore[attr-defined]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_https_is_decrypted_for_a_client_that_trusts_the_authority(
    proxies: Proxies, opened: Open, secure: ThreadingHTTPServer, tmp_path: Path
) -> None:
    file = tmp_path / "lockstep.pem"
    proxy = opened(authority=file)
    begin(proxies)
    url = f"https://localhost:{secure.server_port}/greeting"
    trusts = ssl.create_default_context(cafile=str(file))
    said = []
    for each in proxy:
        said.append(call(each, url, context=trusts))
        proxies.book.leader_answered()
    assert said == [(200, b"hello")] * 2
    assert secure.asked == 1  # type: ignore[attr-defined]
    assert [each.place for each in proxies.book.made().calls("new")] == [f"GET {url}"]
    assert (tmp_path / "lockstep.key").stat().st_mode & 0o077 == 0


def test_a_target_that_does_not_trust_the_authority_is_named(
    proxies: Proxies, opened: Open, secure: ThreadingHTTPServer, tmp_path: Path
) -> None:
    old, _ = opened(authority=tmp_path / "lockstep.pem")
    with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
        call(old, f"https://localhost:{secure.server_port}/", context=ssl.create_default_context())
    place = f"localhost:{secure.server_port}"
    until_said(
        proxies,
        f"old: its calls to {place} over HTTPS fail: it does not trust the certificate in `ca`",
    )


def test_without_an_authority_https_is_tunnelled_and_reported(
    proxies: Proxies, opened: Open, secure: ThreadingHTTPServer
) -> None:
    old, new = opened()
    url = f"https://localhost:{secure.server_port}/"
    trusts = ssl.create_default_context()
    assert call(old, url, context=trusts) == (200, b"hello")
    with pytest.raises(OSError, match="502"):
        call(new, url, context=trusts)
    assert secure.asked == 1  # type: ignore[attr-defined]
    place = f"localhost:{secure.server_port}"
    until_said(proxies, f"old: its calls to {place} over HTTPS are not compared without `ca`: 1 t")
    until_said(proxies, f"new: its calls to {place} over HTTPS were refused: without `ca` they")


def until_said(proxies: Proxies, text: str) -> None:
    """Wait for a sentence with this start, as a tunnel ends in its own thread."""
    for _ in range(500):
        if any(said.startswith(text) for said in proxies.sentences()):
            return
        threading.Event().wait(0.01)
    raise AssertionError((text, list(proxies.sentences())))


def test_a_taken_port_is_reported_in_one_sentence(proxies: Proxies, others: Services) -> None:
    port = int(others.url.rpartition(":")[2])
    target = Target("old", "http://127.0.0.1:1", outbound=Outbound(("127.0.0.1", port)))
    with pytest.raises(ProxyError, match=f"old: lockstep cannot listen at 127.0.0.1:{port}: "):
        proxies.open([target])


def test_a_key_without_its_certificate_is_not_overwritten(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "lockstep.key").write_text("kept")
    with pytest.raises(ProxyError, match=r"exists without lockstep\.pem: remove it"):
        opened(authority=tmp_path / "lockstep.pem")
    assert (tmp_path / "lockstep.key").read_text() == "kept"


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:9001", ("127.0.0.1", 9001)), ("http://[::1]:80/", ("::1", 80))],
)
def test_an_address_is_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize("text", ["9001", "localhost", "localhost:x", "localhost:70000"])
def test_another_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not HOST:PORT"):
        read_address(text)
