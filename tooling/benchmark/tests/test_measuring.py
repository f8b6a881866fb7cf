"""Measurements of real servers, in which every request of the workload succeeds."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest

from lockstep.openapi.document import Document
from testbed.databases import Databases
from testbed.paths import CONTRACT
from testbed.postgres import PostgresServer
from testbed.servers import KINDS, Kind
from testbed.stage import Stage
from tooling.benchmark.contestants import BY_NAME, server
from tooling.benchmark.load import Sender, plan
from tooling.benchmark.measuring import Meter
from tooling.benchmark.population import ENTRIES, NAMED_TASKS, TASKS, TEMPLATE, USERS, populate
from tooling.benchmark.profiles import PROFILES
from tooling.benchmark.workload import load_workload

SHORT = replace(
    PROFILES["quick"],
    alone=("read a task", "start and stop the timer"),
    rates=(1,),
    fixed=2,
    warm_up=20,
    half=True,
    burst=0.2,
    probes=1,
    probe=0.1,
)


@pytest.fixture(scope="module")
def meter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meter]:
    logs = Path(tmp_path_factory.mktemp("logs"))
    with PostgresServer.start() as database:
        stage = Stage(Databases(database.url), database, logs)
        people = populate(stage, logs)
        workload = load_workload(Document.load(CONTRACT))
        yield Meter(stage, database, people, workload, SHORT, 1, logs)


@pytest.mark.parametrize("name", ["python", "node"])
def test_twin_is_measured_completely(meter: Meter, name: str) -> None:
    figures = meter.measure(BY_NAME[name], 1, 1)
    assert set(figures["loads"]) == {"mixed", *SHORT.alone}
    (point,) = figures["loads"]["mixed"]["curve"]
    assert (point["count"], point["failed"]) == (2, 0)
    assert figures["start_seconds"] > 0
    assert figures["recover_seconds"] >= 0
    assert figures["loaded_bytes"] > 20_000_000


@pytest.mark.parametrize("name", ["python", "node"])
def test_every_operation_succeeds(meter: Meter, name: str, tmp_path: Path) -> None:
    mixed = meter.workload.mixed
    url = meter.stage.databases.create(f"mixed_{name}", template=TEMPLATE)
    people = meter.population
    with (
        server(BY_NAME[name], url, 1, tmp_path / "log") as twin,
        Sender(
            plan(twin.base_url, meter.workload.requests, people.users, people.tasks, 1)
        ) as sender,
    ):
        sent = sender.send(mixed, rate=50, seconds=sum(mixed.values()) / 50)
    assert {name: each["count"] for name, each in sent.operations.items()} == mixed
    assert (sent.failed, sent.unanswered) == (0, 0), sent.operations


@pytest.mark.parametrize("name", ["bare-python", "bare-node", "tutorial-python", "tutorial-node"])
def test_baseline_is_measured_for_its_only_operation(meter: Meter, name: str) -> None:
    figures = meter.measure(BY_NAME[name], 1, 1)
    assert set(figures["loads"]) == {"read a task"}
    assert figures["recover_seconds"] is None


@pytest.mark.parametrize("runtime", KINDS)
def test_bare_server_sends_the_same_bytes_as_its_twin(
    meter: Meter, runtime: Kind, tmp_path: Path
) -> None:
    user, task = meter.population.users[0], meter.population.tasks[0]
    answers = []
    for name in (runtime, f"bare-{runtime}"):
        url = meter.stage.databases.create(f"bytes_{name}", template=TEMPLATE)
        with server(BY_NAME[name], url, 1, tmp_path / name) as started:
            for path in (f"/tasks/{task['id']}", "/tasks"):
                headers = {"Authorization": f"Bearer {user['token']}"}
                answer = httpx.get(f"{started.base_url}/api/v1{path}", headers=headers)
                described = [answer.headers.get(each) for each in ("ETag", "Link", "Content-Type")]
                answers.append((path, answer.status_code, answer.content, described))
    assert answers[:2] == answers[2:]


@pytest.mark.parametrize("runtime", KINDS)
def test_tutorial_server_does_the_same_as_its_twin(
    meter: Meter, runtime: Kind, tmp_path: Path
) -> None:
    user, task = meter.population.users[0], meter.population.tasks[0]
    contents = []
    for name in (runtime, f"tutorial-{runtime}"):
        url = meter.stage.databases.create(f"values_{name}", template=TEMPLATE)
        with (
            server(BY_NAME[name], url, 1, tmp_path / name) as started,
            httpx.Client(base_url=f"{started.base_url}/api/v1") as client,
        ):
            account = {"email": user["email"], "password": user["password"]}
            token = client.post("/auth/login", json=account).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            listed = [client.get(path) for path in (f"/tasks/{task['id']}", "/tasks")]
            created = client.post("/tasks", json={"title": "New", "tags": ["a"]})
            read = client.get(created.headers["Location"].removeprefix("/api/v1"))
            assert created.json() == read.json()
            made = {"id", "created_at", "updated_at"}
            contents += [(each.status_code, each.json()) for each in listed]
            kept = {name: value for name, value in read.json().items() if name not in made}
            contents.append((created.status_code, kept))
            unknown = client.get("/tasks", headers={"Authorization": "Bearer x"})
            invalid = client.post("/tasks", json={"title": ""})
            assert (unknown.status_code, invalid.status_code) == (401, 400)
    assert contents[:3] == contents[3:]


def test_amount_of_seed_data(meter: Meter) -> None:
    assert len({user["token"] for user in meter.population.users}) == USERS
    assert len(meter.population.tasks) == USERS * NAMED_TASKS
    with psycopg.connect(meter.stage.databases.url(TEMPLATE)) as connection:
        tasks = connection.execute("SELECT count(*) FROM tasks WHERE title LIKE 'Task %'")
        assert tasks.fetchone() == (TASKS,)
        entries = connection.execute(
            "SELECT count(*) FROM time_entries WHERE end_time - start_time = '25 minutes'"
        )
        assert entries.fetchone() == (ENTRIES,)
