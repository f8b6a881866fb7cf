"""The workload matches the contract and its own description."""

import json
import re

import jsonschema_rs
import pytest

from lockstep.openapi.document import Document
from testbed.paths import CONTRACT
from tooling.benchmark.profiles import PROFILES
from tooling.benchmark.workload import Workload, load_workload


@pytest.fixture(scope="module")
def document() -> Document:
    return Document.load(CONTRACT)


@pytest.fixture(scope="module")
def workload(document: Document) -> Workload:
    return load_workload(document)


def test_mix_covers_common_operations(workload: Workload) -> None:
    assert set(workload.mixed) == {
        "logIn",
        "listTasks",
        "getTask",
        "createTask",
        "updateTask",
        "startTimer",
        "stopTimer",
        "getTimeReport",
    }
    # So that log-ins do not determine the 99th percentile.
    assert workload.mixed["logIn"] < sum(workload.mixed.values()) / 100


def test_timers_are_started_as_often_as_stopped(workload: Workload) -> None:
    for mix in (workload.mixed, *workload.alone.values()):
        assert mix.get("startTimer") == mix.get("stopTimer")


def test_every_operation_is_also_measured_alone(workload: Workload) -> None:
    alone = {name for mix in workload.alone.values() for name in mix}
    assert alone == set(workload.mixed) == {request.id for request in workload.requests}


def test_profiles_name_loads_that_exist(workload: Workload) -> None:
    for profile in PROFILES.values():
        assert set(profile.alone) <= set(workload.alone)
    assert set(PROFILES["default"].alone) == set(workload.alone)


def test_bodies_satisfy_the_contract(workload: Workload, document: Document) -> None:
    values = {"{user.email}": "user1@load.example.com", "{user.password}": "correct horse battery"}
    values["{task.id}"] = "01936d5e-8a00-7000-8000-000000000001"
    for request in workload.requests:
        for body in request.bodies:
            filled = re.sub(r"\{\w+\.\w+\}", lambda found: values[found[0]], body)
            content = document.operations[request.id].definition["requestBody"]["content"]
            schema = content["application/json"]["schema"] | {
                "components": document.raw["components"]
            }
            jsonschema_rs.validator_for(schema).validate(json.loads(filled))


def test_second_change_differs_from_the_first(workload: Workload) -> None:
    change = next(request for request in workload.requests if request.id == "updateTask")
    assert len(set(change.bodies)) == 2


def test_only_user_and_task_placeholders_remain(workload: Workload) -> None:
    for request in workload.requests:
        for text in (request.path, *request.headers.values()):
            assert re.sub(r"\{(user|task)\.\w+\}", "", text).count("{") == 0


def test_log_in_connections_do_not_exceed_the_password_queue(
    workload: Workload, document: Document
) -> None:
    waiting = document.raw["x-password-queue"]["waiting"]
    assert workload.connections(workload.alone["log in"]) == waiting
    assert workload.connections(workload.mixed) is None
