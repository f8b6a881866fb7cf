"""SIGTERM: the drain is announced, requests in flight finish, new ones are refused, exit with 0."""

import http.client
import json
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from testbed.migrations import ADMIN
from testbed.servers import SERVERS, TEST_SETTINGS, TwinServer
from testbed.stage import CLEAN, Stage

SHUTDOWN_SECONDS = 10
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture(params=SERVERS)
def twin(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Iterator[TwinServer]:
    name = f"shutdown_{request.param}"
    url = stage.databases.create(name, template=CLEAN)
    settings = {**TEST_SETTINGS, "SHUTDOWN_SECONDS": str(SHUTDOWN_SECONDS)}
    with TwinServer(request.param, url, tmp_path / "log", settings) as server:
        yield server
    stage.databases.drop(name)


def call(twin: TwinServer, method: str, path: str, body: Any, token: str = "") -> Any:
    request = urllib.request.Request(twin.base_url + path, json.dumps(body).encode(), method=method)
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Bearer {token}")
    request.add_header("If-Match", "*")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def wait_until_blocked(connection: "psycopg.Connection[Any]") -> None:
    deadline = time.monotonic() + 10
    while connection.execute(WAITING).fetchone() == (0,):
        assert time.monotonic() < deadline, "The request did not reach the lock."


def wait_until_refused(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return
    pytest.fail("New connections are still accepted.")


def test_request_in_flight_finishes_and_new_ones_are_refused(twin: TwinServer) -> None:
    credentials = {"email": ADMIN.email, "password": ADMIN.password}
    token = call(twin, "POST", "/api/v1/auth/login", credentials)["access_token"]
    task = call(twin, "POST", "/api/v1/tasks", {"title": "Before"}, token)
    path = f"/api/v1/tasks/{task['id']}"
    with (
        psycopg.connect(twin.database_url) as blocker,
        psycopg.connect(twin.database_url, autocommit=True) as watcher,
        ThreadPoolExecutor() as threads,
    ):
        blocker.execute("SELECT 1 FROM tasks WHERE id = %s FOR UPDATE", [task["id"]])
        change = threads.submit(call, twin, "PATCH", path, {"title": "After"}, token)
        wait_until_blocked(watcher)
        os.kill(twin.pid, signal.SIGTERM)
        wait_until_refused(twin.port or 0)
        blocker.rollback()
        assert change.result(SHUTDOWN_SECONDS)["title"] == "After"
    assert twin.wait(SHUTDOWN_SECONDS) == 0


@pytest.mark.parametrize("name", SERVERS)
def test_drain_is_announced_by_all_workers(name: str, stage: Stage, tmp_path: Path) -> None:
    url = stage.databases.create(f"drain_{name}", template=CLEAN)
    settings = {**TEST_SETTINGS, "WORKERS": "2", "SHUTDOWN_DELAY_SECONDS": "4"}
    with TwinServer(name, url, tmp_path / "log", settings) as twin:
        connections = [
            http.client.HTTPConnection("127.0.0.1", twin.port, timeout=10) for _ in range(8)
        ]
        for connection in connections:
            assert probe(connection)[0] == 200
        os.kill(twin.pid, signal.SIGTERM)
        for connection in connections:
            wait_until_draining(connection)
        credentials = {"email": ADMIN.email, "password": ADMIN.password}
        assert call(twin, "POST", "/api/v1/auth/login", credentials)["access_token"]
        wait_until_refused(twin.port or 0)
        assert twin.wait(SHUTDOWN_SECONDS) == 0
    stage.databases.drop(f"drain_{name}")


def probe(connection: http.client.HTTPConnection) -> tuple[int, str | None, Any]:
    """The status code, the Connection header field and the body of /ready."""
    connection.request("GET", "/ready")
    answer = connection.getresponse()
    return answer.status, answer.getheader("Connection"), json.load(answer)


def wait_until_draining(connection: http.client.HTTPConnection) -> None:
    """Poll until the drain has begun; from then on each response announces it and closes."""
    deadline = time.monotonic() + 10
    while True:
        status, closing, body = probe(connection)
        if status == 503:
            assert closing == "close"
            assert body["code"] == "shutting_down"
            return
        assert time.monotonic() < deadline, "/ready goes on to say 200."


def test_idle_twin_exits_immediately(twin: TwinServer) -> None:
    call(twin, "POST", "/api/v1/auth/login", {"email": ADMIN.email, "password": ADMIN.password})
    started = time.monotonic()
    assert twin.stop() == 0
    assert time.monotonic() - started < SHUTDOWN_SECONDS / 2
