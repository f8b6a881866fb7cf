"""Both twins work behind PgBouncer in transaction mode, where clients share sessions."""

import contextlib
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from lockstep.openapi.document import Document
from suite.faults.files import Answer
from suite.faults.requests import Client
from testbed.migrations import migrate
from testbed.paths import CONTRACT
from testbed.pgbouncer import pgbouncer, pgbouncer_program
from testbed.servers import KINDS, TEST_SETTINGS, Kind, TwinServer
from testbed.stage import CLEAN, Stage

PROGRAM = pgbouncer_program()
# Fewer than the connections of a twin, so that sessions are shared.
POOL_SIZE = 2
USERS = 6
# More than the executions after which a driver prepares a statement.
ROUNDS = 8
WITHIN = 10.0
ANY = {"If-Match": "*"}
START, END = "2026-02-02T09:00:00Z", "2026-02-02T10:00:00Z"

SETTINGS = {**TEST_SETTINGS, "DATABASE_POOLER": "transaction"}

installed = pytest.mark.skipif(
    PROGRAM is None, reason="pgbouncer is not installed: apt-get install pgbouncer"
)


@pytest.fixture
def pooled(stage: Stage, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database through PgBouncer, with the session settings of the parameter."""
    name = f"pgbouncer_{abs(hash(request.node.name))}"
    url = stage.databases.create(name, template=CLEAN)
    with psycopg.connect(url, autocommit=True) as connection:
        alter_database(connection, "statement_timeout = '5s'")
        alter_database(connection, "timezone = 'UTC'")
    with pgbouncer(str(PROGRAM), url, tmp_path / "pgbouncer.log", POOL_SIZE) as through:
        yield through
    stage.databases.drop(name)


def use(port: int, document: Document) -> list[str]:
    """Repeat the actions of a user; return the problems."""
    client = Client(port, document)
    client.prepare()
    entry = {"task_id": client.task_id, "start_time": START, "end_time": END}
    asked = [
        Answer("createTask", (201,), WITHIN, json={"title": "a"}, headers={"Idempotency-Key": "a"}),
        Answer("listTasks", (200,), WITHIN),
        Answer("getTask", (200,), WITHIN),
        Answer("updateTask", (200,), WITHIN, json={"title": "b"}, headers=ANY),
        Answer("createTimeEntry", (201, 409), WITHIN, json=entry),
        Answer("startTimer", (201,), WITHIN, json={"task_id": client.task_id}),
        Answer("stopTimer", (200,), WITHIN),
        Answer("listTimeEntries", (200,), WITHIN),
        Answer("getReadiness", (200,), WITHIN, user=False),
    ]
    replies = [(each, client.send(each)) for _ in range(ROUNDS) for each in asked]
    return [
        f"{wanted.operation}: {reply}"
        for wanted, reply in replies
        if reply.status not in wanted.statuses
    ]


@installed
@pytest.mark.parametrize("kind", KINDS)
def test_users_share_server_connections(kind: Kind, pooled: str, tmp_path: Path) -> None:
    document = Document.load(CONTRACT)
    with TwinServer(kind, pooled, tmp_path / "log", SETTINGS) as server:
        with ThreadPoolExecutor(USERS) as threads:
            using = [threads.submit(use, server.port or 0, document) for _ in range(USERS)]
        assert [each.result() for each in using] == [[]] * USERS


@pytest.mark.parametrize("kind", KINDS)
def test_time_zones_other_than_utc_are_rejected(kind: Kind, stage: Stage, tmp_path: Path) -> None:
    """Prisma reads all timestamps as UTC, so that responses would be wrong."""
    name = f"time_zone_{kind}"
    url = stage.databases.create(name, template=CLEAN)
    with psycopg.connect(url, autocommit=True) as connection:
        alter_database(connection, "timezone = 'Europe/Zurich'")
    server = TwinServer(kind, url, tmp_path / "log", SETTINGS)
    server.launch()
    try:
        wait_until(lambda: "TimeZoneError" in server.log.read_text(encoding="utf-8"), server)
    finally:
        server.kill()
    stage.databases.drop(name)


def alter_database(connection: "psycopg.Connection[Any]", setting: LiteralString) -> None:
    """Change a setting of the database for new sessions."""
    database = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("ALTER DATABASE {} SET ").format(database) + sql.SQL(setting))


def wait_until(condition: Callable[[], bool], server: TwinServer) -> None:
    """Wait until the condition is true."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{server.base_url}/ready", timeout=5)


@installed
def test_schema_migrates_through_pgbouncer(pooled: str) -> None:
    migrate(pooled)
