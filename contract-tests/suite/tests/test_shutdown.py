"""SIGTERM lets requests in flight finish, refuses new ones, and ends with 0 in time."""

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


def test_idle_twin_ends_at_once(twin: TwinServer) -> None:
    call(twin, "POST", "/api/v1/auth/login", {"email": ADMIN.email, "password": ADMIN.password})
    started = time.monotonic()
    assert twin.stop() == 0
    assert time.monotonic() - started < SHUTDOWN_SECONDS / 2
