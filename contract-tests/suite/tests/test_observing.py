"""All servers are observed alike: metrics of all workers together, and the lines of the log."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from testbed.paths import CONTRACT
from testbed.servers import SERVERS, TEST_SETTINGS, TwinServer
from testbed.stage import CLEAN, Stage

REQUESTS = 10
LINE = {
    *("level", "time", "event", "request_id", "method", "path", "operation", "status"),
    *("duration_ms", "user_id", "statements"),
}


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Iterator[TwinServer]:
    name = f"observing_{request.param}"
    url = stage.databases.create(name, template=CLEAN)
    settings = {**TEST_SETTINGS, "WORKERS": "2"}
    with TwinServer(request.param, url, tmp_path / "log", settings) as started:
        yield started
    stage.databases.drop(name)


def get(server: TwinServer, path: str) -> str:
    with urllib.request.urlopen(server.base_url + path, timeout=30) as answer:
        return str(answer.read().decode())


def counted(server: TwinServer) -> float:
    pattern = r"^http_requests_total\{.*getHealth.*\} (\S+)$"
    try:
        found = re.search(pattern, get(server, "/metrics"), re.MULTILINE)
    except urllib.error.HTTPError:
        # One of the workers is still starting.
        return 0
    return float(found[1]) if found else 0


def logged(server: TwinServer) -> list[dict[str, object]]:
    lines = map(json.loads, server.log.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line.get("operation") == "getHealth"]


def wait_until(condition: Callable[[], bool]) -> None:
    """A request is counted and logged when its answer has gone out already."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline


def test_workers_are_observed_together(server: TwinServer) -> None:
    for _ in range(REQUESTS):
        get(server, "/health")
    wait_until(lambda: counted(server) == REQUESTS and len(logged(server)) == REQUESTS)
    assert all(line.keys() == LINE and line["event"] == "request" for line in logged(server))
    named = yaml.safe_load(CONTRACT.read_bytes())["x-metrics"].keys()
    assert set(re.findall(r"^# TYPE (\w+)", get(server, "/metrics"), re.MULTILINE)) == named
