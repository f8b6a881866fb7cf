"""Connections to the database: one for a request, and none while it waits for anything else."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, exc, text

from task_timer import db
from task_timer.app import TaskTimer
from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.current import using
from task_timer.resources import Resources
from task_timer.server.threads import Threads
from task_timer.services import password_service

from .clients import PASSWORD, Client
from .conftest import made
from .servers import wait_until
from .test_bounded_queue import held


@pytest.fixture
def checkouts(resources: Resources) -> Iterator[list[Any]]:
    """Collects the connections that are taken from the pool."""
    taken: list[Any] = []

    def take(connection: Any, _record: Any, _proxy: Any) -> None:
        taken.append(connection)

    event.listen(resources.database.engine, "checkout", take)
    yield taken
    event.remove(resources.database.engine, "checkout", take)


@pytest.fixture
def narrow(settings: Settings, contract: Contract) -> Iterator[TaskTimer]:
    """An application with one connection."""
    with made(replace(settings, database_pool_size=1), contract) as app:
        yield app


@db.immediate
def read() -> int:
    return int(db.connection().scalar(text("SELECT 1")) or 0)


@db.transactional
def write() -> int:
    return read()


@db.immediate
def lose_connection() -> None:
    db.connection().execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def serve(app: TaskTimer, resources: Resources, target: str, token: str) -> int:
    """Sends a request to the threads of a server, and returns the status code."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def run() -> None:
        await Threads(app, resources)(scope, receive, send)

    fields = {"host": "localhost", "authorization": f"Bearer {token}"}
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "http_version": "1.1",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 50000),
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        "state": {"target": target},
    }
    asyncio.run(run())
    return int(sent[0]["status"])


def test_request_uses_one_connection(
    app: TaskTimer, resources: Resources, client: Client, checkouts: list[Any]
) -> None:
    assert serve(app, resources, "/api/v1/tasks", client.token) == 200
    assert len(checkouts) == 1
    assert resources.database.in_use == 0


def test_functions_use_one_connection_after_the_other_outside_of_requests(
    resources: Resources, checkouts: list[Any]
) -> None:
    with using(resources):
        assert read() == read() == 1
    assert len(checkouts) == 2


def test_transaction_needs_no_second_connection(narrow: TaskTimer) -> None:
    with using(narrow.resources), db.one_connection():
        assert read() == write() == read() == 1
    assert narrow.resources.database.in_use == 0


def test_connection_is_replaced_after_it_was_lost(resources: Resources) -> None:
    with using(resources), db.one_connection():
        read()
        with pytest.raises(exc.OperationalError):
            lose_connection()
        assert read() == 1


@pytest.mark.parametrize(
    "use",
    [
        password_service.hash_password,
        password_service.verify_nobody,
    ],
)
def test_no_connection_is_held_while_a_password_is_hashed(
    resources: Resources, use: Callable[[str], object]
) -> None:
    def hash_after_reading() -> None:
        with using(resources), db.one_connection():
            read()
            use(PASSWORD)

    hashing = resources.hashing.queue
    with ThreadPoolExecutor(1) as threads:
        with held(hashing), held(hashing):
            hashed = threads.submit(hash_after_reading)
            wait_until(lambda: hashing.load() == (2, 1))
            assert resources.database.in_use == 0
        hashed.result()
