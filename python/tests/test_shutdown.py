"""Start and shutdown of the process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from task_timer.config import Settings

from .clients import PASSWORD, fresh_email
from .servers import DEADLINE_SECONDS, Server, running, wait_until

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"


@contextmanager
def change_in_flight(
    server: Server, settings: Settings
) -> Iterator[tuple["Future[Any]", "psycopg.Connection[Any]"]]:
    """Sends an update that waits for a lock, which the connection holds until its rollback."""
    with psycopg.connect(settings.database_url) as connection, ThreadPoolExecutor(1) as pool:
        credentials = {"email": fresh_email(), "password": PASSWORD}
        server.send("POST", "/api/v1/auth/register", credentials)
        token = server.send("POST", "/api/v1/auth/login", credentials)[1]["access_token"]
        task = server.send("POST", "/api/v1/tasks", {"title": "a"}, token)[1]
        connection.execute("SELECT 1 FROM tasks WHERE id = %s FOR UPDATE", [task["id"]])
        path = f"/api/v1/tasks/{task['id']}"
        change = pool.submit(server.send, "PATCH", path, {"title": "b"}, token)
        with psycopg.connect(settings.database_url, autocommit=True) as observer:
            pid = [connection.info.backend_pid]
            wait_until(lambda: observer.execute(WAITING, pid).fetchone() != (0,))
        yield change, connection


def test_requests_in_flight_are_finished(settings: Settings, tmp_path: Path) -> None:
    with (
        running(tmp_path / "log") as server,
        change_in_flight(server, settings) as (change, connection),
    ):
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not server.answers())
        connection.rollback()
        assert change.result()[0] == 200
        assert server.process.wait(10) == 0


def test_drain_time_is_bounded(settings: Settings, tmp_path: Path) -> None:
    limits = {"SHUTDOWN_SECONDS": "1", "DATABASE_TIMEOUT_MS": "60000"}
    with (
        running(tmp_path / "log", **limits) as server,
        change_in_flight(server, settings) as (change, _),
    ):
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        assert isinstance(change.exception(), OSError)


def test_drain_is_announced_before_connections_are_refused(tmp_path: Path) -> None:
    with running(tmp_path / "log", SHUTDOWN_DELAY_SECONDS="60") as server:
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.send("GET", "/ready")[0] == 503)
        assert server.send("GET", "/ready")[1]["code"] == "shutting_down"
        answer = server.exchange(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close\r\n" in answer.lower()
        # A second signal ends the drain.
        assert server.stop() == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_second_signal_ends_a_drain(settings: Settings, tmp_path: Path, workers: str) -> None:
    limits = {"SHUTDOWN_SECONDS": "300", "DATABASE_TIMEOUT_MS": "60000", "WORKERS": workers}
    with (
        running(tmp_path / "log", **limits) as server,
        change_in_flight(server, settings) as (change, _),
    ):
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not server.answers())
        assert server.stop() == 0
        assert isinstance(change.exception(), OSError)


def test_idle_connections_are_kept_for_the_keep_alive_time(tmp_path: Path) -> None:
    with running(tmp_path / "log", KEEP_ALIVE_SECONDS="1") as server:
        started = time.monotonic()
        answer = server.exchange(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"connection: close" not in answer.lower()
        assert 0.9 < time.monotonic() - started < 60


def test_killed_worker_is_replaced(tmp_path: Path) -> None:
    with running(tmp_path / "log", WORKERS="2") as server:
        parent = psutil.Process(server.process.pid)
        wait_until(lambda: len(parent.children()) == 2)
        workers = parent.children()
        for worker in workers:
            os.kill(worker.pid, signal.SIGKILL)
        wait_until(server.answers)
        assert server.stop() == 0


def test_workers_end_with_their_supervisor(tmp_path: Path) -> None:
    with running(tmp_path / "log", WORKERS="2") as server:
        server.process.kill()
        server.process.wait()
        wait_until(lambda: not server.answers())


def test_metrics_are_summed_over_workers(tmp_path: Path) -> None:
    with running(tmp_path / "log", WORKERS="2") as server:
        for _ in range(10):
            server.send("GET", "/ready")
        answer = server.exchange(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        counted = b'http_requests_total{method="GET",operation="getReadiness",status="200"} 10.0'
        assert counted in answer
    assert server.process.returncode == 0


def test_metrics_are_available_while_a_worker_starts(tmp_path: Path) -> None:
    with running(tmp_path / "log", WORKERS="2") as server:
        parent = psutil.Process(server.process.pid)
        wait_until(lambda: len(parent.children()) == 2)
        killed = parent.children()[0]
        killed.kill()
        killed.wait(DEADLINE_SECONDS)
        for _ in range(5):
            wait_until(server.answers)
            asked = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            assert server.exchange(asked).startswith(b"HTTP/1.1 200 ")
        assert server.stop() == 0


def test_port_in_use_ends_the_server(tmp_path: Path) -> None:
    with running(tmp_path / "log") as server:
        ended = subprocess.run(
            [sys.executable, "-m", "task_timer.main"],
            env=os.environ | {"PORT": str(server.port), "WORKERS": "2"},
            capture_output=True,
            check=False,
            timeout=DEADLINE_SECONDS,
        )
    assert ended.returncode == 1


@pytest.mark.parametrize("name", ["PORT", "CONTRACT_PATH"])
def test_invalid_setting_is_named(name: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "task_timer.main"],
        env=os.environ | {name: "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert name in ended.stderr
