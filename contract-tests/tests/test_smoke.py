"""The smoke test: unreachable or misconfigured targets are reported before the comparison."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fixtures.blog_server import DOCUMENT as BLOG
from fixtures.blog_server import make_blog
from fixtures.flask_servers import old, serve
from fixtures.notes_server import DOCUMENT as NOTES
from fixtures.scripted import Scripted, answer
from fixtures.scripted_server import plain, scripted
from fixtures.sockets import listening

from lockstep.openapi.document import Document
from lockstep.smoke import smoke
from lockstep.transport.messages import Outcome, Request, Response
from lockstep.transport.targets import Target


@pytest.fixture(scope="module")
def blog() -> Document:
    """A document whose base path is `/api`."""
    return Document.load(BLOG)


@contextmanager
def answering(status: int, location: str = "", tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server that sends the same response to every request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def faults(document: Document, url: str, **settings: float) -> list[str]:
    """The faults of a target at a URL."""
    target = Target("new", url, **settings)  # type: ignore[arg-type]
    try:
        return smoke([target], document).faults
    finally:
        target.close()


def test_correct_target_is_unchanged(blog: Document) -> None:
    with serve("old", make_blog, old(), "/api") as target:
        seen = smoke([target], blog)
    assert (seen.faults, seen.notes) == ([], [])


def test_missing_base_path_is_added(blog: Document) -> None:
    with serve("old", make_blog, old()) as target:
        url = target.base_url
        seen = smoke([target], blog)
    assert (seen.faults, seen.notes) == ([], [f"old: paths are below {url}/api"])
    assert target.base_url == f"{url}/api"


def test_a_page_where_the_base_path_is_missing_is_no_hint(blog: Document) -> None:
    def framework(_request: Request) -> Outcome:
        if target.base_url.endswith("/api"):
            return answer([])
        return Response(404, (("Content-Type", "text/html"),), b"<p>Cannot GET</p>")

    target = Scripted("old", framework)
    assert smoke([target], blog).notes == [f"old: paths are below {target.base_url}"]


def test_wrong_base_path_is_reported(blog: Document) -> None:
    with serve("old", make_blog, old(), "/wrong") as target:
        (fault,) = smoke([target], blog).faults
    origin = target.origin
    problem = "it returns 404 for every documented path, but not below"
    assert fault == f"old at {origin}/wrong: {problem} {origin}/api: use {origin}/api"
    assert target.base_url.endswith("/wrong")


def test_refused_connection_is_reported(blog: Document) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (fault,) = faults(blog, f"http://127.0.0.1:{port}")
    assert fault == (
        f"new at http://127.0.0.1:{port}: refused: "
        "nothing listens there: is it running, and is the port correct?"
    )


def test_unknown_host_is_reported(blog: Document) -> None:
    (fault,) = faults(blog, "http://no-such-host.invalid")
    assert "unknown_host: no such host" in fault


def test_timeout_is_reported(blog: Document) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (fault,) = faults(blog, f"http://127.0.0.1:{port}", timeout=0.1)
    assert "timeout: no response within 0.1 s" in fault


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "dropped: it closes the connection without a response"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "malformed: its response is not HTTP/1.1"),
    ],
)
def test_non_http_response_is_reported(answer: bytes, message: str) -> None:
    with listening(answer) as (target, _, _):
        (fault,) = smoke([target], Document.load(NOTES)).faults
    assert message in fault
    assert len(fault.splitlines()) == 1


def test_single_interrupted_response_is_not_a_fault(blog: Document) -> None:
    """The other operations are compared, and the interrupted one is compared by its outcome."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        if not broken or handler.path == broken[0]:
            broken[:] = [handler.path]
            handler.send_response(200)
            handler.send_header("Content-Length", "100")
            handler.end_headers()
            handler.wfile.write(b"{")
            return
        plain(handler, b"{}", ("Content-Type", "application/json"))

    broken: list[str] = []
    with scripted("old", answer) as target:
        assert smoke([target], blog).faults == []
    assert broken


@pytest.mark.parametrize(
    ("status", "location", "message"),
    [
        (301, "https://other.example/api/tags", "it redirects to https://other.example: use"),
        (503, "", "it returns 503 for every request: see its log"),
        (429, "", "it returns 429 for every request: raise its rate limit"),
    ],
)
def test_same_response_to_every_request_is_reported(
    blog: Document, status: int, location: str, message: str
) -> None:
    with answering(status, location) as port:
        (fault,) = faults(blog, f"http://127.0.0.1:{port}")
    assert message in fault


def test_redirect_to_another_path_is_not_a_fault(blog: Document) -> None:
    with answering(302, "/log-in") as port:
        assert faults(blog, f"http://127.0.0.1:{port}") == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of 127.0.0.1, and its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate")
    folder = tmp_path_factory.mktemp("certificate")
    subject = ["-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return both


@pytest.fixture
def secure(certificate: Path) -> Iterator[int]:
    """The port of an HTTPS server that sends 204 to every request."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with answering(204, tls=context) as port:
        yield port


def test_self_signed_certificate_is_reported(blog: Document, secure: int) -> None:
    (fault,) = faults(blog, f"https://127.0.0.1:{secure}")
    assert "tls: TLS handshake failed" in fault
    assert "--ca-file FILE, or ca_file in lockstep.toml, or use --insecure" in fault


def test_trusted_or_unverified_certificate_is_accepted(
    blog: Document, secure: int, certificate: Path
) -> None:
    trusting: list[Callable[[], ssl.SSLContext]] = [
        lambda: ssl.create_default_context(cafile=str(certificate)),
        ssl._create_unverified_context,
    ]
    for make in trusting:
        target = Target("new", f"https://127.0.0.1:{secure}", tls=make())
        assert smoke([target], blog).faults == []
        target.close()


def test_target_that_always_sends_401_is_a_note_and_not_a_fault(blog: Document) -> None:
    with answering(401) as port:
        target = Target("new", f"http://127.0.0.1:{port}")
        seen = smoke([target], blog)
        target.close()
    assert seen.faults == []
    assert "new returns 401 for every request, even where the document requires no" in seen.notes[0]


def test_endless_stream_counts_as_a_response(blog: Document) -> None:
    def stream(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "9")
        handler.end_headers()
        handler.wfile.write(b"ab")
        free.wait(5)

    free = threading.Event()
    with scripted("new", stream) as target:
        target.timeout = 0.05
        assert smoke([target], blog).faults == []
        free.set()
