"""What gives way to another transaction is attempted again, whichever of its writes has to."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest
from werkzeug.test import TestResponse

from task_timer.app import TaskTimer
from task_timer.config import Settings
from task_timer.contract import Contract

from .clients import PASSWORD, Client, fresh_email, registered
from .conftest import copied, made

# One write fails as the victim of a deadlock does: that which gets this number.
VICTIM = 100
TABLES = ("users", "sessions", "refresh_tokens", "tasks", "time_entries", "idempotency_records")
GIVING_WAY = f"""
    CREATE SEQUENCE writes START {VICTIM + 1};
    CREATE FUNCTION give_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('writes') = {VICTIM} THEN
            RAISE 'by a test' USING ERRCODE = 'deadlock_detected';
        END IF;
        RETURN NULL;
    END $$
"""
TRIGGER = """
    CREATE TRIGGER gives_way AFTER INSERT OR UPDATE OR DELETE ON {}
        FOR EACH STATEMENT EXECUTE FUNCTION give_way()
"""

Send = Callable[[], TestResponse]


def credentials_of(client: Client) -> dict[str, str]:
    return {"email": client.get("users/me").get_json()["email"], "password": PASSWORD}


def register(client: Client) -> Send:
    body = {"email": fresh_email(), "password": PASSWORD}
    return lambda: client.post("auth/register", body)


def log_out(client: Client) -> Send:
    tokens = client.post("auth/login", credentials_of(client)).get_json()
    return lambda: client.post("auth/logout", {"refresh_token": tokens["refresh_token"]})


def log_in(client: Client) -> Send:
    body = credentials_of(client)
    return lambda: client.post("auth/login", body)


def refresh(client: Client) -> Send:
    tokens = client.post("auth/login", credentials_of(client)).get_json()
    return lambda: client.post("auth/refresh", {"refresh_token": tokens["refresh_token"]})


def change_password(client: Client) -> Send:
    body = {"password": "staple the battery", "current_password": PASSWORD}
    return lambda: client.patch("users/me", body, If_Match="*")


def delete_account(client: Client) -> Send:
    return lambda: client.post("users/me/deletion", {"current_password": PASSWORD})


def create_once(client: Client) -> Send:
    return lambda: client.post("tasks", {"title": "a"}, Idempotency_Key="once")


def change_task(client: Client) -> Send:
    path = f"tasks/{client.make_task()['id']}"
    return lambda: client.patch(path, {"title": "b"}, If_Match="*")


def delete_task(client: Client) -> Send:
    path = f"tasks/{client.make_task()['id']}"
    return lambda: client.delete(path)


def create_entry(client: Client) -> Send:
    body = {"task_id": client.make_task()["id"], "start_time": "2026-02-02T09:00:00Z"}
    return lambda: client.post("time-entries", body)


def entry_path(client: Client) -> str:
    entry = client.make_entry(client.make_task(), "2026-02-02T09:00:00Z", "2026-02-02T10:00:00Z")
    return f"time-entries/{entry['id']}"


def change_entry(client: Client) -> Send:
    path = entry_path(client)
    return lambda: client.patch(path, {"note": "b"}, If_Match="*")


def delete_entry(client: Client) -> Send:
    path = entry_path(client)
    return lambda: client.delete(path)


def take_over(client: Client) -> Send:
    client.post("timer/start", {"task_id": client.make_task()["id"]})
    body = {"task_id": client.make_task()["id"]}
    return lambda: client.post("timer/start?on_conflict=stop_previous", body)


def stop(client: Client) -> Send:
    client.post("timer/start", {"task_id": client.make_task()["id"]})
    return lambda: client.post("timer/stop")


# The number of writes of each operation, and what comes before it. One that inserts or updates
# counts as two.
OPERATIONS: dict[str, tuple[int, Callable[[Client], Send]]] = {
    "registerUser": (1, register),
    "logIn": (2, log_in),
    "refreshTokens": (2, refresh),
    "logOut": (1, log_out),
    "updateCurrentUser": (2, change_password),
    "deleteCurrentUser": (3, delete_account),
    "createTask": (4, create_once),
    "updateTask": (1, change_task),
    "deleteTask": (1, delete_task),
    "createTimeEntry": (1, create_entry),
    "updateTimeEntry": (1, change_entry),
    "deleteTimeEntry": (1, delete_entry),
    "startTimer": (2, take_over),
    "stopTimer": (1, stop),
}


@pytest.fixture(scope="module")
def own(settings: Settings, contract: Contract) -> Iterator[TaskTimer]:
    """An application with a database in which writes can be made to fail."""
    with copied(os.environ["TEST_TEMPLATE_URL"]) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(GIVING_WAY.encode())
            for table in TABLES:
                connection.execute(TRIGGER.format(table).encode())
        with made(replace(settings, database_url=url), contract) as app:
            yield app


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_is_attempted_again_after_a_deadlock(own: TaskTimer, operation: str) -> None:
    writes, prepare = OPERATIONS[operation]
    with psycopg.connect(own.resources.settings.database_url, autocommit=True) as connection:
        for number in range(1, writes + 1):
            send = prepare(registered(own))
            connection.execute("SELECT setval('writes', %s)", (VICTIM - number,))
            assert send().status_code in (200, 201, 204), f"write {number}"
            (last,) = connection.execute("SELECT last_value FROM writes").fetchone() or (0,)
            assert last >= VICTIM + writes
