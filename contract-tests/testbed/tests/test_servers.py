"""Starting, awaiting and stopping a twin; failures are reported with its log."""

import socket
import sys
import textwrap
import urllib.request
from pathlib import Path

import pytest

from testbed.servers import ServerError, TwinServer

READY = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = "\\n".join(f"{name}={value}" for name, value in os.environ.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def stand_in(program: str, tmp_path: Path, port: int | None = None) -> TwinServer:
    command = [sys.executable, "-c", textwrap.dedent(program)]
    settings = {"APP_ENV": "test"}
    log = tmp_path / "log"
    return TwinServer("python", "postgresql://nowhere", log, settings, port=port, command=command)


def test_settings_are_passed_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    with (
        stand_in(READY, tmp_path) as server,
        urllib.request.urlopen(f"{server.base_url}/ready", timeout=10) as answer,
    ):
        printed = answer.read().decode().splitlines()
    assert "DATABASE_URL=postgresql://nowhere" in printed
    assert "APP_ENV=test" in printed
    assert "LOG_LEVEL=debug" not in printed, "The caller's own settings must not sway the twin."


def test_early_exit_is_reported_with_the_log(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerError, match=r"(?s)ended with status 2.*SECRET_KEY: at least 32"),
        stand_in("print('SECRET_KEY: at least 32 characters'); raise SystemExit(2)", tmp_path),
    ):
        pass


def test_port_taken_in_the_meantime_is_replaced(tmp_path: Path) -> None:
    attempts = tmp_path / "attempts"
    program = f"""
    from pathlib import Path
    attempts = Path({str(attempts)!r})
    if not attempts.exists():
        attempts.touch()
        raise SystemExit("EADDRINUSE")
    """
    with stand_in(textwrap.dedent(program) + READY, tmp_path):
        assert attempts.exists()


def test_requested_port_is_not_replaced(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServerError, match="in use"), stand_in(READY, tmp_path, port):
            pass


def test_server_is_stopped_on_exit(tmp_path: Path) -> None:
    with stand_in(READY, tmp_path) as server:
        port = server.port
    assert server.stop() == 0
    with socket.create_server(("127.0.0.1", port or 0)):
        pass
