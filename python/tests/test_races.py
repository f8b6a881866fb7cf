"""Concurrent requests: one wins, the other is rejected or repeated, and no update is lost."""

import functools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.test import TestResponse

from task_timer.app import TaskTimer
from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.current import using
from task_timer.db import OvertakenError, connection, transactional, violated
from task_timer.services import task_service
from task_timer.services.task_service import TaskFields
from task_timer.utils.identifiers import new_id

from .clients import PASSWORD, Client, fresh_email
from .servers import wait_until

# The hash of another password.
OTHER = (
    "$argon2id$v=19$m=8,t=1,p=1$REvjY+z8o6+M1aESDsU17w$AAAAFS1M3f8hYnnAVIsQDvP8Q1hysc6smQSY0MA8VU4"
)
DEADLOCK = "DO $$ BEGIN RAISE 'by a test' USING ERRCODE = 'deadlock_detected'; END $$"
WAITING = "SELECT FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"


def race(*requests: Callable[[], TestResponse]) -> list[int]:
    barrier = Barrier(len(requests))

    def run(request: Callable[[], TestResponse]) -> int:
        barrier.wait()
        return request().status_code

    with ThreadPoolExecutor(len(requests)) as pool:
        return sorted(pool.map(run, requests))


def test_concurrent_updates_with_the_same_etag(client: Client) -> None:
    created = client.post("tasks", {"title": "a"})
    path, etag = f"tasks/{created.get_json()['id']}", created.headers["ETag"]
    statuses = race(
        lambda: client.patch(path, {"title": "b"}, If_Match=etag),
        lambda: client.patch(path, {"title": "c"}, If_Match=etag),
    )
    assert statuses == [200, 412]


def test_concurrent_starts_of_a_timer(client: Client) -> None:
    bodies = [{"task_id": client.make_task()["id"]} for _ in range(2)]
    statuses = race(*[lambda body=body: client.post("timer/start", body) for body in bodies])
    assert statuses == [201, 409]


def test_concurrent_timers_that_stop_each_other(client: Client) -> None:
    bodies = [{"task_id": client.make_task()["id"]} for _ in range(2)]
    path = "timer/start?on_conflict=stop_previous"
    for _ in range(5):
        statuses = race(*[lambda body=body: client.post(path, body) for body in bodies])
        assert statuses == [201, 201]
    assert len(client.get("time-entries?running=true").get_json()["data"]) == 1


def test_concurrent_overlapping_entries(client: Client) -> None:
    task = client.make_task()
    body = {
        "task_id": task["id"],
        "start_time": "2026-02-02T09:00:00Z",
        "end_time": "2026-02-02T10:00:00Z",
    }
    assert race(*[lambda: client.post("time-entries", body)] * 2) == [201, 409]


def test_concurrent_requests_with_one_idempotency_key(client: Client) -> None:
    send = [lambda: client.post("tasks", {"title": "a"}, Idempotency_Key="k")] * 3
    assert race(*send) == [201, 201, 201]
    assert len(client.get("tasks").get_json()["data"]) == 1


def test_concurrent_use_of_one_refresh_token(client: Client) -> None:
    email = client.get("users/me").get_json()["email"]
    tokens = client.post("auth/login", {"email": email, "password": "correct horse battery"})
    body = {"refresh_token": tokens.get_json()["refresh_token"]}
    assert race(*[lambda: client.post("auth/refresh", body)] * 2) == [200, 200]


def test_task_of_an_account_deleted_in_the_meantime(app: TaskTimer) -> None:
    with app.app_context(), pytest.raises(IntegrityError) as raised:
        task_service.create_task(new_id(), TaskFields("a", None, "pending", [], None))
    assert violated(raised.value) == "tasks_user_id_fkey"


def test_update_that_waited_has_the_later_timestamp(client: Client, settings: Settings) -> None:
    tasks = [client.make_task() for _ in range(2)]
    paths = [f"tasks/{task['id']}" for task in tasks]

    def change(path: str) -> str:
        return str(client.patch(path, {"title": "b"}, If_Match="*").get_json()["updated_at"])

    with (
        psycopg.connect(settings.database_url) as holder,
        psycopg.connect(settings.database_url, autocommit=True) as watcher,
        ThreadPoolExecutor() as pool,
    ):
        holder.execute("SELECT FROM tasks WHERE id = %s FOR UPDATE", (tasks[0]["id"],))
        waiting = pool.submit(change, paths[0])
        pid = holder.info.backend_pid
        wait_until(lambda: watcher.execute(WAITING, (pid,)).rowcount > 0)
        other = change(paths[1])
        holder.rollback()
        assert waiting.result() > other


def test_timestamps_of_updates_increase(client: Client, settings: Settings) -> None:
    user_id = client.get("users/me").get_json()["id"]
    task_id = new_id()
    with psycopg.connect(settings.database_url) as connection:
        connection.execute(
            "INSERT INTO tasks (id, user_id, title, status, updated_at)"
            " VALUES (%s, %s, 'a', 'pending', '2100-01-01Z')",
            (task_id, user_id),
        )
    changed = client.patch(f"tasks/{task_id}", {"title": "b"}, If_Match="*").get_json()
    assert changed["updated_at"] == "2100-01-01T00:00:00.001Z"


def test_overtaken_transaction_is_attempted_as_often_as_agreed(
    app: TaskTimer, contract: Contract
) -> None:
    reason = ValueError("overtaken")
    attempts: list[int] = []

    @transactional
    def be_overtaken() -> None:
        attempts.append(1)
        raise OvertakenError(reason)

    with using(app.resources), pytest.raises(ValueError, match="overtaken") as raised:
        be_overtaken()
    assert raised.value is reason
    assert len(attempts) == contract["x-unavailable"]["attempts"]


def test_overtaken_transaction_may_succeed_at_last(app: TaskTimer, contract: Contract) -> None:
    agreed = contract["x-unavailable"]["attempts"]
    attempts: list[int] = []

    @transactional
    def succeed_at_last() -> int:
        attempts.append(1)
        if len(attempts) < agreed:
            raise OvertakenError(ValueError("overtaken"))
        return len(attempts)

    with using(app.resources):
        assert succeed_at_last() == agreed


def test_transaction_pauses_after_each_deadlock(app: TaskTimer, contract: Contract) -> None:
    rules = contract["x-unavailable"]
    begun: list[float] = []

    @transactional
    def be_a_victim() -> None:
        begun.append(time.monotonic())
        connection().exec_driver_sql(DEADLOCK)

    with using(app.resources), pytest.raises(OperationalError):
        be_a_victim()
    assert len(begun) == rules["attempts"]
    for attempt, (first, then) in enumerate(pairwise(begun), start=1):
        # At least half of the agreed time, multiplied by the number of the attempt.
        assert (then - first) * 1000 >= rules["pause_ms"] / 2 * attempt


def test_transaction_that_fails_is_attempted_once(app: TaskTimer) -> None:
    attempts: list[int] = []

    @transactional
    def fail() -> None:
        attempts.append(1)
        raise ValueError("failed")

    with using(app.resources), pytest.raises(ValueError, match="failed"):
        fail()
    assert len(attempts) == 1


def after(
    settings: Settings,
    changes: list[tuple[str, dict[str, str]]],
    request: Callable[[], TestResponse],
) -> TestResponse:
    """Sends a request that has to wait for a transaction with changes, which are then kept."""
    with (
        psycopg.connect(settings.database_url) as holder,
        psycopg.connect(settings.database_url, autocommit=True) as watcher,
        ThreadPoolExecutor() as pool,
    ):
        for statement, named in changes:
            holder.execute(statement.encode(), named)
        waiting = pool.submit(request)
        pid = holder.info.backend_pid
        wait_until(lambda: watcher.execute(WAITING, (pid,)).rowcount > 0)
        holder.commit()
        return waiting.result()


def test_log_in_that_waited_for_a_new_password_is_rejected(
    client: Client, settings: Settings
) -> None:
    user = client.get("users/me").get_json()
    named = {"id": user["id"], "hash": OTHER}
    changes = [
        ("SELECT FROM users WHERE id = %(id)s FOR UPDATE", named),
        ("UPDATE users SET password_hash = %(hash)s WHERE id = %(id)s", named),
    ]
    body = {"email": user["email"], "password": PASSWORD}
    answer = after(settings, changes, lambda: client.post("auth/login", body))
    assert (answer.status_code, answer.get_json()["code"]) == (401, "invalid_credentials")


def test_log_in_waits_for_no_other(client: Client, settings: Settings) -> None:
    user = client.get("users/me").get_json()
    body = {"email": user["email"], "password": PASSWORD}
    with psycopg.connect(settings.database_url) as holder:
        holder.execute("SELECT FROM users WHERE id = %s FOR SHARE", (user["id"],))
        assert client.post("auth/login", body).status_code == 200


def test_change_of_a_task_that_waited_is_checked_again(client: Client, settings: Settings) -> None:
    path = f"tasks/{client.make_task()['id']}"
    etag = client.get(path).headers["ETag"]
    named = {"id": path.removeprefix("tasks/")}
    changes = [("UPDATE tasks SET title = 'b' WHERE id = %(id)s", named)]
    request = functools.partial(client.patch, path, {"title": "c"}, If_Match=etag)
    assert after(settings, changes, request).status_code == 412


def test_change_of_an_entry_that_waited_is_checked_again(
    client: Client, settings: Settings
) -> None:
    task = client.make_task()
    entry = client.make_entry(task, "2026-02-02T09:00:00Z", "2026-02-02T10:00:00Z")
    path = f"time-entries/{entry['id']}"
    etag = client.get(path).headers["ETag"]
    named = {"id": entry["id"], "task_id": task["id"]}
    changes = [
        ("SELECT FROM tasks WHERE id = %(task_id)s FOR UPDATE", named),
        ("UPDATE time_entries SET note = 'b' WHERE id = %(id)s", named),
    ]
    request = functools.partial(client.patch, path, {"note": "c"}, If_Match=etag)
    assert after(settings, changes, request).status_code == 412


def test_change_of_a_profile_that_waited_is_checked_again(
    client: Client, settings: Settings
) -> None:
    user = client.get("users/me")
    named = {"id": user.get_json()["id"], "email": fresh_email()}
    changes = [("UPDATE users SET email = %(email)s WHERE id = %(id)s", named)]
    body = {"email": fresh_email(), "current_password": PASSWORD}
    etag = user.headers["ETag"]
    request = functools.partial(client.patch, "users/me", body, If_Match=etag)
    assert after(settings, changes, request).status_code == 412


def test_stop_of_a_timer_waits_for_changes_of_its_task(client: Client, settings: Settings) -> None:
    task = client.make_task()
    client.post("timer/start", {"task_id": task["id"]})
    changes = [("SELECT FROM tasks WHERE id = %(id)s FOR UPDATE", {"id": task["id"]})]
    assert after(settings, changes, lambda: client.post("timer/stop")).status_code == 200


def test_stop_of_a_timer_that_waited_for_another_finds_none(
    client: Client, settings: Settings
) -> None:
    task = client.make_task()
    named = {"id": task["id"]}
    client.post("timer/start", {"task_id": task["id"]})
    changes = [
        ("SELECT FROM tasks WHERE id = %(id)s FOR UPDATE", named),
        ("UPDATE time_entries SET end_time = start_time WHERE task_id = %(id)s", named),
    ]
    answer = after(settings, changes, lambda: client.post("timer/stop"))
    assert (answer.status_code, answer.get_json()["code"]) == (404, "timer_not_running")
