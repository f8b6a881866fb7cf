"""Idempotency keys: kept for as long as the contract says, from their first use."""

from collections.abc import Callable

import psycopg
import pytest

from task_timer.config import Settings
from task_timer.contract import Contract

from .clients import Client

AGED = """
    UPDATE idempotency_records SET created_at = created_at - make_interval(secs => %s)
    WHERE user_id = %s
"""


@pytest.fixture
def age(client: Client, settings: Settings) -> Callable[[int], None]:
    """Makes the keys of the client older by so many seconds."""
    user_id = client.get("users/me").get_json()["id"]

    def run(seconds: int) -> None:
        with psycopg.connect(settings.database_url) as connection:
            assert connection.execute(AGED, (seconds, user_id)).rowcount == 1

    return run


def created(client: Client, title: str) -> tuple[int, str | None]:
    """Creates a task with a key; returns the status, and the code or whether it was replayed."""
    answer = client.post("tasks", {"title": title}, Idempotency_Key="k")
    replayed = answer.headers.get("Idempotency-Replayed")
    return answer.status_code, answer.get_json().get("code", replayed)


def test_key_can_be_used_again_after_its_time(
    client: Client, contract: Contract, age: Callable[[int], None]
) -> None:
    seconds = contract["x-limits"]["idempotency_hours"] * 60 * 60
    assert created(client, "a") == (201, None)
    age(seconds - 60)
    assert created(client, "a") == (201, "true")
    assert created(client, "b") == (409, "idempotency_key_reused")
    age(60)
    assert created(client, "b") == (201, None)
    # From now on the key belongs to that request, for as long as before.
    age(seconds - 60)
    assert created(client, "b") == (201, "true")
    assert created(client, "a") == (409, "idempotency_key_reused")
    titles = [task["title"] for task in client.get("tasks?sort=title").get_json()["data"]]
    assert titles == ["a", "b"]
