"""A connection on which no whole request arrives in time gets a 408 and is closed."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from testbed.paths import CONTRACT
from testbed.servers import SERVERS, TEST_SETTINGS, TwinServer
from testbed.stage import CLEAN, Stage

BEGINNINGS = {
    "nothing": b"",
    "a request line": b"GET /health HTTP/1.1\r\n",
    "half of a body": b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{",
}


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Iterator[TwinServer]:
    contract = tmp_path / "openapi.yaml"
    source = CONTRACT.read_text(encoding="utf-8")
    contract.write_text(source.replace("request_seconds: 30", "request_seconds: 1"), "utf-8")
    name = f"connections_{request.param}"
    url = stage.databases.create(name, template=CLEAN)
    settings = {**TEST_SETTINGS, "CONTRACT_PATH": str(contract)}
    with TwinServer(request.param, url, tmp_path / "log", settings) as running:
        yield running
    stage.databases.drop(name)


def received(server: TwinServer, sent: bytes) -> bytes:
    """Send the beginning of a request; return what comes until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port or 0), timeout=30) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_request_that_does_not_arrive_in_time_is_408(server: TwinServer) -> None:
    with ThreadPoolExecutor() as threads:
        answers = threads.map(lambda sent: received(server, sent), BEGINNINGS.values())
    for what, answer in zip(BEGINNINGS, answers, strict=True):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 "), what
        assert json.loads(body)["code"] == "request_timeout"
