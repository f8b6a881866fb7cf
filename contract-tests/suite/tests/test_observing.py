"""All servers have the same observability: metrics summed over workers, and log lines."""

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from testbed.paths import CONTRACT
from testbed.ports import free_port
from testbed.servers import KINDS, SERVERS, TEST_SETTINGS, Kind, ServerError, TwinServer
from testbed.stage import CLEAN, Stage

REQUESTS = 10
# More than Node lets listen to one event before it warns, for each of the workers.
SCRAPES = 30
WORKERS = 2
DEFINED = yaml.safe_load(CONTRACT.read_bytes())["x-metrics"]
SAMPLE = re.compile(r"^(\w+?)(?:_bucket|_count|_sum)?(?:\{(.*)\})? \S+$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="')
LINE = {
    *("level", "time", "event", "request_id", "method", "path", "operation", "status"),
    *("duration_ms", "user_id", "statements"),
}


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Iterator[TwinServer]:
    name = f"observing_{request.param}"
    url = stage.databases.create(name, template=CLEAN)
    settings = {**TEST_SETTINGS, "WORKERS": str(WORKERS)}
    with TwinServer(request.param, url, tmp_path / "log", settings) as started:
        yield started
    stage.databases.drop(name)


def get(server: TwinServer, path: str) -> str:
    with urllib.request.urlopen(server.base_url + path, timeout=30) as answer:
        return str(answer.read().decode())


def sample(server: TwinServer, pattern: str) -> float:
    try:
        found = re.search(pattern, get(server, "/metrics"), re.MULTILINE)
    except OSError:
        # The workers are still starting.
        return 0
    return float(found[1]) if found else 0


def counted(server: TwinServer) -> float:
    return sample(server, r"^http_requests_total\{.*getHealth.*\} (\S+)$")


def logged(server: TwinServer, operation: str = "getHealth") -> list[dict[str, Any]]:
    lines = map(json.loads, server.log.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line.get("operation") == operation]


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait, since a request is counted and logged after its response has been sent."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline


def test_metrics_and_logs_cover_all_workers(server: TwinServer) -> None:
    for _ in range(REQUESTS):
        get(server, "/health")
    wait_until(lambda: counted(server) == REQUESTS and len(logged(server)) == REQUESTS)
    assert all(line.keys() == LINE and line["event"] == "request" for line in logged(server))
    text = get(server, "/metrics")
    described = {name: rules["type"] for name, rules in DEFINED.items()}
    assert dict(re.findall(r"^# TYPE (\w+) (\w+)", text, re.MULTILINE)) == described
    reads = re.findall(r"^db_replica_reads_total\{.*\} (\S+)$", text, re.MULTILINE)
    assert {float(number) for number in reads} == {0}
    helped = {name: rules["help"] for name, rules in DEFINED.items()}
    assert dict(re.findall(r"^# HELP (\w+) (.*)$", text, re.MULTILINE)) == helped
    for name, labels in SAMPLE.findall(text):
        assert set(LABEL.findall(labels)) - {"le"} == set(DEFINED[name]["labels"]), name


def value(server: TwinServer, name: str) -> float:
    return sample(server, rf"^{name} (\S+)$")


def of_readiness(server: TwinServer, name: str) -> float:
    return sample(server, rf"^{name}\{{.*getReadiness.*\}} (\S+)$")


def test_metrics_measure_what_is_logged(server: TwinServer) -> None:
    for _ in range(REQUESTS):
        get(server, "/ready")
    # The only request in flight is the one that asks.
    wait_until(lambda: value(server, "http_requests_in_flight") == 1)
    wait_until(lambda: len(logged(server, "getReadiness")) >= REQUESTS)
    lines = logged(server, "getReadiness")
    assert of_readiness(server, "http_request_duration_seconds_count") == len(lines)
    durations = [line["duration_ms"] for line in lines]
    # Each is logged in whole microseconds.
    seconds = pytest.approx(sum(durations) / 1000, abs=len(lines) * 1e-6)
    assert of_readiness(server, "http_request_duration_seconds_sum") == seconds
    assert any(round(each, 2) != each for each in durations)
    statements = sum(line["statements"] for line in lines)
    assert of_readiness(server, "db_statements_total") == statements > 0


def test_bounds_of_durations_are_those_of_the_contract(server: TwinServer) -> None:
    get(server, "/health")
    wait_until(lambda: counted(server) > 0)
    found = re.findall(
        r'^http_request_duration_seconds_bucket\{.*le="([^"]+)"',
        get(server, "/metrics"),
        re.MULTILINE,
    )
    bounds = DEFINED["http_request_duration_seconds"]["buckets"]
    assert set(found) == {*(f"{bound:g}" for bound in bounds), "+Inf"}


def test_gauges_are_summed_over_workers(server: TwinServer) -> None:
    wait_until(lambda: value(server, "db_pool_size") == WORKERS * 10)
    # Every worker measures its event loop lag, which is never exactly zero.
    wait_until(lambda: 0 < value(server, "event_loop_lag_seconds") < 10)
    assert value(server, "db_pool_waiting") == value(server, "password_queue_waiting") == 0


def test_one_worker_knows_the_gauges_of_the_others(server: TwinServer) -> None:
    """None of them was ever asked."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def size() -> float:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        found = re.search(r"^db_pool_size (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0

    wait_until(lambda: size() == WORKERS * 10)
    connection.close()


def test_counters_survive_the_death_of_a_worker(server: TwinServer) -> None:
    for _ in range(REQUESTS):
        get(server, "/health")
    wait_until(lambda: counted(server) == REQUESTS)
    for worker in psutil.Process(server.pid).children():
        wait_until(lambda: value(server, "db_pool_size") == WORKERS * 10)
        worker.kill()
        # Its successor may have its pool before anybody can see that one is missing.
        worker.wait(60)
        assert counted(server) in (REQUESTS, 0)
        wait_until(lambda: counted(server) == REQUESTS)


def test_metrics_cover_a_worker_that_does_not_respond(server: TwinServer) -> None:
    for _ in range(REQUESTS):
        get(server, "/health")
    wait_until(lambda: counted(server) == REQUESTS)
    stuck = psutil.Process(server.pid).children()[0]
    stuck.suspend()
    try:
        assert counted(server) == REQUESTS
    finally:
        stuck.resume()


# What a twin says of itself is its own: in Python it is Gunicorn that does.
SAID: dict[Kind, tuple[str, ...]] = {
    "python": ("Listening at:", "Booting worker with pid:", "Shutting down:"),
    "node": ("listening", "stopped"),
}
SOURCES: dict[Kind, set[str]] = {"python": {"gunicorn.error"}, "node": set()}


@pytest.mark.parametrize("is_default", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_start_and_end_are_logged(
    kind: Kind, is_default: bool, stage: Stage, tmp_path: Path
) -> None:
    """Nothing is warned of but a default key, once, also after many requests for the metrics.

    Nothing is left in the temporary folder, and no socket is opened in the user's own.
    """
    name = f"observing_start_{kind}"
    url = stage.databases.create(name, template=CLEAN)
    folder = tmp_path / "temporary"
    folder.mkdir()
    own = {"TMPDIR": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    settings = {**TEST_SETTINGS, "WORKERS": str(WORKERS), **own}
    if is_default:
        del settings["SECRET_KEY"]
    with TwinServer(kind, url, tmp_path / "log", settings) as server:
        wait_until(lambda: value(server, "db_pool_size") == WORKERS * 10)
        for _ in range(SCRAPES):
            get(server, "/metrics")
        assert not any(each.is_socket() for each in folder.iterdir())
        assert server.stop() == 0
    stage.databases.drop(name)
    lines = [json.loads(line) for line in server.log.read_text(encoding="utf-8").splitlines()]
    said = "\n".join(str(line.get("message") or line["event"]) for line in lines)
    assert [text for text in SAID[kind] if text not in said] == []
    assert {line["source"] for line in lines if line["event"] == "library"} == SOURCES[kind]
    warned = [(line["level"], line["event"]) for line in lines if line["level"] != "info"]
    assert warned == ([("warning", "default_secret_key")] if is_default else [])
    assert list(folder.iterdir()) == []


def status(port: int | None, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_metrics_can_be_served_on_a_separate_port(
    kind: Kind, workers: int, stage: Stage, tmp_path: Path
) -> None:
    name = f"observing_port_{kind}_{workers}"
    url = stage.databases.create(name, template=CLEAN)
    port = free_port()
    ports = {"METRICS_PORT": str(port), "WORKERS": str(workers)}
    with TwinServer(kind, url, tmp_path / "log", {**TEST_SETTINGS, **ports}) as server:
        paths = ("/metrics", "/%6detrics", "/health", "/nowhere")
        assert [status(port, path) for path in paths] == [200, 200, 404, 404]
        assert [status(server.port, path) for path in paths] == [404, 404, 200, 404]
        assert server.stop() == 0
    stage.databases.drop(name)


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("kind", KINDS)
def test_port_of_the_metrics_cannot_be_that_of_the_api(
    kind: Kind, workers: str, tmp_path: Path
) -> None:
    port = free_port()
    settings = {**TEST_SETTINGS, "METRICS_PORT": str(port), "WORKERS": workers}
    log = tmp_path / "log"
    server = TwinServer(kind, "postgresql://localhost/none", log, settings, port=port)
    with pytest.raises(ServerError, match="ended with status 1"), server:
        pytest.fail("both are served")
    assert '"address_unavailable"' in log.read_text("utf-8")
