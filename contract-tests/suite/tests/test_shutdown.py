"""SIGTERM: the drain is announced, requests in flight finish, new ones are refused, exit with 0."""

import http.client
import json
import os
import re
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from testbed.migrations import ADMIN
from testbed.servers import KINDS, SERVERS, TEST_SETTINGS, Kind, TwinServer
from testbed.stage import CLEAN, Stage

SHUTDOWN_SECONDS = 10
# More than any server takes to end that has nothing to wait for.
DEADLINE_SECONDS = 30
WORKERS = 2
POOL_SIZE = 10
# Enough to reach each worker.
REQUESTS = 20
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


@contextmanager
def change_in_flight(
    twin: TwinServer,
) -> "Iterator[tuple[Future[Any], psycopg.Connection[Any]]]":
    """Send a change that waits for a lock, which the connection holds until its rollback."""
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
        yield change, blocker


def test_request_in_flight_finishes_and_new_ones_are_refused(twin: TwinServer) -> None:
    with change_in_flight(twin) as (change, blocker):
        os.kill(twin.pid, signal.SIGTERM)
        wait_until_refused(twin.port or 0)
        blocker.rollback()
        assert change.result(SHUTDOWN_SECONDS)["title"] == "After"
    assert twin.wait(SHUTDOWN_SECONDS) == 0


@contextmanager
def running(kind: Kind, stage: Stage, log: Path, **settings: str) -> Iterator[TwinServer]:
    """A twin with its own database."""
    name = f"ending_{kind}"
    url = stage.databases.create(name, template=CLEAN)
    with TwinServer(kind, url, log, {**TEST_SETTINGS, **settings}) as twin:
        yield twin
    stage.databases.drop(name)


def wait_until_all_serve(twin: TwinServer) -> list[psutil.Process]:
    """Return the workers, once each has reported its pool."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    wanted = re.compile(rf"^db_pool_size {WORKERS * POOL_SIZE}(\.0)?$", re.MULTILINE)
    while True:
        with urllib.request.urlopen(f"{twin.base_url}/metrics", timeout=30) as answer:
            if wanted.search(answer.read().decode()):
                return psutil.Process(twin.pid).children()
        assert time.monotonic() < deadline, "Not all workers have started."


@pytest.mark.parametrize("sent", ["SIGINT", "SIGHUP"])
@pytest.mark.parametrize("kind", KINDS)
def test_signal_of_a_terminal_lets_requests_finish(
    kind: Kind, sent: str, stage: Stage, tmp_path: Path
) -> None:
    """A terminal sends it to the workers too, which get another one from their supervisor."""
    with running(kind, stage, tmp_path / "log", WORKERS=str(WORKERS)) as twin:
        wait_until_all_serve(twin)
        with change_in_flight(twin) as (change, blocker):
            os.killpg(twin.pid, signal.Signals[sent])
            wait_until_refused(twin.port or 0)
            blocker.rollback()
            assert change.result(SHUTDOWN_SECONDS)["title"] == "After"
        assert twin.wait(DEADLINE_SECONDS) == 0


def wait_for_worker(pid: int) -> int:
    """Return the first worker of a supervisor, as soon as there is one."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if children := psutil.Process(pid).children():
            return children[0].pid
    pytest.fail("No worker has started.")


def wait_until_pending(pid: int, sent: signal.Signals) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = re.search(r"ShdPnd:\s*([0-9a-f]+)", Path(f"/proc/{pid}/status").read_text())
        if found and int(found[1], 16) >> (sent - 1) & 1:
            return
    pytest.fail("The worker gets no signal.")


@pytest.mark.skipif(not psutil.LINUX, reason="/proc tells which signals are pending")
def test_signal_ends_a_worker_that_has_just_started(stage: Stage, tmp_path: Path) -> None:
    """A fork handles signals as its parent does at first; Node's workers are no forks."""
    url = stage.databases.create("starting_python", template=CLEAN)
    limits = {**TEST_SETTINGS, "WORKERS": str(WORKERS), "SHUTDOWN_SECONDS": "120"}
    twin = TwinServer("python", url, tmp_path / "log", limits)
    twin.launch()
    try:
        worker = wait_for_worker(twin.pid)
        os.kill(worker, signal.SIGSTOP)
        os.kill(twin.pid, signal.SIGTERM)
        wait_until_pending(worker, signal.SIGTERM)
        os.kill(worker, signal.SIGCONT)
        assert twin.wait(DEADLINE_SECONDS) == 0
    finally:
        twin.kill()
    stage.databases.drop("starting_python")


@pytest.mark.parametrize("kind", KINDS)
def test_other_signals_have_no_effect_on_workers(kind: Kind, stage: Stage, tmp_path: Path) -> None:
    with running(kind, stage, tmp_path / "log", WORKERS=str(WORKERS)) as twin:
        workers = wait_until_all_serve(twin)
        for sent in ("SIGUSR1", "SIGUSR2", "SIGTTIN", "SIGTTOU", "SIGWINCH"):
            for worker in workers:
                worker.send_signal(signal.Signals[sent])
        for _ in range(REQUESTS):
            with urllib.request.urlopen(f"{twin.base_url}/health", timeout=30) as answer:
                assert answer.status == 200
        assert set(psutil.Process(twin.pid).children()) == set(workers)
        ended = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        assert not [worker for worker in workers if worker.status() in ended]
        assert twin.stop() == 0
    # Node would listen for a debugger, and say so.
    assert all(map(json.loads, (tmp_path / "log").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("kind", KINDS)
def test_worker_that_does_not_end_is_killed(kind: Kind, stage: Stage, tmp_path: Path) -> None:
    limits = {"WORKERS": str(WORKERS), "SHUTDOWN_SECONDS": "1"}
    with running(kind, stage, tmp_path / "log", **limits) as twin:
        wait_until_all_serve(twin)[0].suspend()
        os.kill(twin.pid, signal.SIGTERM)
        assert twin.wait(DEADLINE_SECONDS) == 0


def wait_for_successor(twin: TwinServer, workers: list[psutil.Process]) -> psutil.Process:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        for child in psutil.Process(twin.pid).children():
            if child not in workers:
                return child
    pytest.fail("The worker is not replaced.")


@pytest.mark.parametrize("kind", KINDS)
def test_worker_that_is_killed_before_it_serves_is_replaced(
    kind: Kind, stage: Stage, tmp_path: Path
) -> None:
    """Only one that gives up by itself would do so again."""
    with running(kind, stage, tmp_path / "log", WORKERS=str(WORKERS)) as twin:
        workers = wait_until_all_serve(twin)
        workers[0].kill()
        wait_for_successor(twin, workers).kill()
        wait_until_all_serve(twin)
        assert twin.stop() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_idle_connections_do_not_hold_a_shutdown(kind: Kind, stage: Stage, tmp_path: Path) -> None:
    """One that had a request, one that had none, and one that was opened during the delay."""
    limits = {"SHUTDOWN_DELAY_SECONDS": "4", "SHUTDOWN_SECONDS": "120"}
    with running(kind, stage, tmp_path / "log", **limits) as twin, ExitStack() as opened:
        used, unused, late, other = (
            http.client.HTTPConnection("127.0.0.1", twin.port, timeout=10) for _ in range(4)
        )
        for connection in (used, unused, late, other):
            opened.callback(connection.close)
        assert probe(used)[0] == 200
        unused.connect()
        os.kill(twin.pid, signal.SIGTERM)
        wait_until_draining(other)
        late.connect()
        assert twin.wait(DEADLINE_SECONDS) == 0


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
