"""The number of SQL statements per operation: agreed for both twins, independent of the data."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO

import psycopg
import pytest
import yaml
from sqlalchemy import text

from task_timer import db
from task_timer.app import TaskTimer
from task_timer.config import REPOSITORY, Settings
from task_timer.contract import Contract
from task_timer.current import using

from .clients import PASSWORD, Client, fresh_email
from .conftest import copied, made

AGREED: dict[str, int] = yaml.safe_load(
    (REPOSITORY / "contract-tests" / "statements.yaml").read_text(encoding="utf-8")
)
MORNING = ("2026-02-02T09:00:00Z", "2026-02-02T10:00:00Z")
# Behind a pooler the database has to set what sessions have otherwise.
IN_UTC = """
DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET timezone = ''UTC''', current_database());
END $$
"""
PREPARED = "SELECT count(*) > 0 FROM pg_prepared_statements WHERE statement = 'SELECT 1 AS one'"
YEAR = "from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z"


def register(client: Client) -> None:
    client.post("auth/register", {"email": fresh_email(), "password": PASSWORD})


def log_in(client: Client) -> None:
    email = client.get("users/me").get_json()["email"]
    client.post("auth/login", {"email": email, "password": PASSWORD})


def refresh_token_of(client: Client) -> dict[str, str]:
    email = client.get("users/me").get_json()["email"]
    tokens = client.post("auth/login", {"email": email, "password": PASSWORD}).get_json()
    return {"refresh_token": tokens["refresh_token"]}


def change_address(client: Client) -> None:
    body = {"email": fresh_email(), "current_password": PASSWORD}
    client.patch("users/me", body, If_Match="*")


def list_users(client: Client) -> None:
    user_id = client.get("users/me").get_json()["id"]
    with client.app.app_context():
        promote(user_id)
    client.get("users")


@db.transactional
def promote(user_id: str) -> None:
    named = {"id": user_id}
    db.connection().execute(text("UPDATE users SET role = 'admin' WHERE id = :id"), named)


@pytest.fixture(scope="module")
def app(printed: BytesIO, settings: Settings, contract: Contract) -> Iterator[TaskTimer]:
    assert printed.getvalue() == b""
    with made(settings, contract) as app:
        yield app


@pytest.fixture
def sent(printed: BytesIO) -> Callable[[], int]:
    """Returns the number of statements of the last request, according to the log."""
    return lambda: json.loads(printed.getvalue().splitlines()[-1])["statements"]


def entry_path(client: Client) -> str:
    return f"time-entries/{client.make_entry(client.make_task(), *MORNING)['id']}"


def task_path(client: Client) -> str:
    return f"tasks/{client.make_task()['id']}"


def start(client: Client) -> object:
    return client.post("timer/start", {"task_id": client.make_task()["id"]})


REQUESTS: dict[str, Callable[[Client], object]] = {
    "registerUser": register,
    "logIn": log_in,
    "refreshTokens": lambda c: c.post("auth/refresh", refresh_token_of(c)),
    "logOut": lambda c: c.post("auth/logout", refresh_token_of(c)),
    "getCurrentUser": lambda c: c.get("users/me"),
    "updateCurrentUser": change_address,
    "deleteCurrentUser": lambda c: c.post("users/me/deletion", {"current_password": PASSWORD}),
    "listUsers": list_users,
    "listTasks": lambda c: c.get("tasks?limit=100"),
    "createTask": lambda c: c.make_task(),
    "getTask": lambda c: c.get(task_path(c)),
    "updateTask": lambda c: c.patch(task_path(c), {"title": "b"}, If_Match="*"),
    "deleteTask": lambda c: c.delete(task_path(c)),
    "listTaskTimeEntries": lambda c: c.get(f"{task_path(c)}/time-entries"),
    "createTaskTimeEntry": lambda c: c.post(
        f"{task_path(c)}/time-entries", {"start_time": MORNING[0], "end_time": MORNING[1]}
    ),
    "listTimeEntries": lambda c: c.get("time-entries"),
    "createTimeEntry": lambda c: c.make_entry(c.make_task(), *MORNING),
    "getTimeEntry": lambda c: c.get(entry_path(c)),
    "updateTimeEntry": lambda c: c.patch(entry_path(c), {"note": "b"}, If_Match="*"),
    "deleteTimeEntry": lambda c: c.delete(entry_path(c)),
    "getTimer": lambda c: (start(c), c.get("timer")),
    "startTimer": start,
    "stopTimer": lambda c: (start(c), c.post("timer/stop")),
    "getTimeReport": lambda c: c.get(f"reports/time?{YEAR}&group_by=day&tz=UTC"),
    "getHealth": lambda c: c.get("/health"),
    "getReadiness": lambda c: c.get("/ready"),
    "getMetrics": lambda c: c.get("/metrics"),
    "getContractJson": lambda c: c.get("/openapi.json"),
    "getContractYaml": lambda c: c.get("/openapi.yaml"),
    "getDocs": lambda c: c.get("/docs"),
    "getDocsPage": lambda c: c.get("/docs/index.html"),
}


@contextmanager
def filled(client: Client) -> Iterator[None]:
    for number in range(12):
        task = client.make_task(f"Task {number}", tags=["a", "b"])
        client.make_entry(task, f"2026-03-{number + 1:02}T09:00:00Z", "2026-03-30T09:00:00Z")
    yield


def test_every_operation_has_an_agreed_number_and_a_test() -> None:
    assert AGREED.keys() == REQUESTS.keys()


@pytest.mark.parametrize("operation", AGREED)
def test_number_of_statements_is_as_agreed(
    client: Client, sent: Callable[[], int], operation: str
) -> None:
    REQUESTS[operation](client)
    assert sent() == AGREED[operation]


@pytest.mark.parametrize(
    "operation", ["listTasks", "listTimeEntries", "getTimeReport", "listUsers"]
)
def test_number_of_statements_is_independent_of_the_data(
    client: Client, sent: Callable[[], int], operation: str
) -> None:
    with filled(client):
        REQUESTS[operation](client)
    assert sent() == AGREED[operation]


def test_variants_send_the_documented_extra_statements(
    client: Client, sent: Callable[[], int]
) -> None:
    client.post("tasks", {"title": "a"}, Idempotency_Key="once")
    assert sent() == AGREED["createTask"] + 2
    start(client)
    body = {"task_id": client.make_task()["id"]}
    client.post("timer/start?on_conflict=stop_previous", body)
    assert sent() == AGREED["startTimer"] + 1
    path = task_path(client)
    client.delete(path, If_Match="*")
    assert sent() == AGREED["deleteTask"] + 1
    body = {"password": PASSWORD, "current_password": PASSWORD}
    client.patch("users/me", body, If_Match="*")
    assert sent() == AGREED["updateCurrentUser"] + 1
    token = refresh_token_of(client)
    for more in range(2):
        client.post("auth/refresh", token)
        assert sent() == AGREED["refreshTokens"] + more


@db.immediate
def session() -> tuple[bool, str]:
    """Whether a statement that is sent often is prepared, and the limit of its time."""
    for _ in range(10):
        db.connection().execute(text("SELECT 1 AS one"))
    limit = db.connection().scalar(text("SHOW statement_timeout"))
    return bool(db.connection().scalar(text(PREPARED))), str(limit)


@pytest.mark.parametrize(
    ("pooler", "expected"), [("none", (True, "7s")), ("transaction", (False, "0"))]
)
def test_sessions_are_set_up_unless_they_are_shared(
    settings: Settings, contract: Contract, pooler: str, expected: tuple[bool, str]
) -> None:
    with copied(os.environ["TEST_TEMPLATE_URL"]) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(IN_UTC)
        own = replace(settings, database_url=url, database_pooler=pooler, database_timeout_ms=7000)
        with made(own, contract) as app, using(app.resources):
            assert session() == expected
