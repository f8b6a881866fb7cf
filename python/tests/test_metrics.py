"""The metrics of resource usage."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from task_timer.app import TaskTimer
from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.resources import Resources

from .clients import Client
from .conftest import made
from .servers import wait_until
from .test_bounded_queue import held


def value(app: TaskTimer, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", Client(app).get("/metrics").text, re.MULTILINE)
    assert found
    return float(found[1])


def test_metrics_of_one_process_are_those_of_the_contract(
    app: TaskTimer, contract: Contract
) -> None:
    Client(app).get("/health")
    text = Client(app).get("/metrics").text
    defined = {name: rules["type"] for name, rules in contract["x-metrics"].items()}
    assert dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)) == defined
    reads = re.findall(r'^db_replica_reads_total\{outcome="(\w+)"\} 0(?:\.0)?$', text, re.MULTILINE)
    assert sorted(reads) == sorted(contract["x-read-replica"]["outcomes"])


def test_connections_in_use_are_reported(app: TaskTimer, resources: Resources) -> None:
    assert value(app, "db_pool_size") == resources.settings.database_pool_size
    with resources.database.engine.connect():
        assert value(app, "db_pool_in_use") == 1
    assert value(app, "db_pool_in_use") == value(app, "db_pool_waiting") == 0


def test_requests_that_wait_for_a_connection_are_reported(
    settings: Settings, contract: Contract
) -> None:
    narrow = replace(settings, database_pool_size=1)
    with made(narrow, contract) as app, ThreadPoolExecutor(1) as threads:
        with app.resources.database.engine.connect():
            asked = threads.submit(Client(app).get, "/ready")
            wait_until(lambda: value(app, "db_pool_waiting") == 1)
        assert asked.result().status_code == 200
        assert value(app, "db_pool_waiting") == 0


def test_passwords_being_hashed_are_reported(app: TaskTimer, resources: Resources) -> None:
    with held(resources.hashing.queue):
        assert value(app, "password_queue_running") == 1
    assert value(app, "password_queue_running") == value(app, "password_queue_waiting") == 0
