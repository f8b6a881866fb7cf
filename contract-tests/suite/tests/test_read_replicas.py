"""Lists and reports are read from a replica, and everybody sees all that they have changed."""

import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lockstep.openapi.document import Document
from suite.faults.files import Answer
from suite.faults.requests import Client, Reply
from testbed.migrations import migrate
from testbed.paths import CONTRACT, ROOT
from testbed.postgres import PostgresServer
from testbed.replica import Replica, replica_of
from testbed.servers import KINDS, TEST_SETTINGS, Kind, TwinServer, start_all

DEADLINE_SECONDS = 60.0
# Less than the statements of a frozen replica are awaited.
SLOWEST_SECONDS = 5.0
TIMEOUT_MS = 2000
# More than a replica may lag.
MUCH = "SELECT pg_logical_emit_message(false, 'test', repeat('a', 20000000))"
WAITING = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
RAISE = b"""
CREATE FUNCTION raises_on_a_replica(state text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF pg_is_in_recovery() THEN
        RAISE EXCEPTION 'raised by a test' USING ERRCODE = state;
    END IF;
    RETURN true;
END $$
"""
VIEWED = "SELECT pg_get_viewdef('tracked_tasks'::regclass)"
VIEW = "CREATE OR REPLACE VIEW tracked_tasks AS "
LIST = Answer("listTasks", (200,), SLOWEST_SECONDS)
READS = re.compile(r'^db_replica_reads_total\{outcome="(\w+)"\} (\d+)(?:\.0)?$', re.MULTILINE)
AVAILABLE = re.compile(r"^db_replica_available (\d)(?:\.0)?$", re.MULTILINE)
SOONER = {
    "  timeout_ms: 1000\n  pause_seconds: 5\n": f"  timeout_ms: {TIMEOUT_MS}\n  pause_seconds: 1\n"
}
YEAR = "from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z"

Twins = dict[Kind, TwinServer]


@pytest.fixture(scope="module")
def primary() -> Iterator[PostgresServer]:
    with PostgresServer.start() as server:
        migrate(server.url)
        yield server


@pytest.fixture(scope="module")
def replica(primary: PostgresServer) -> Iterator[Replica]:
    with replica_of(primary) as standby:
        yield standby


@pytest.fixture(scope="module")
def twins(
    primary: PostgresServer, replica: Replica, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Twins]:
    logs = tmp_path_factory.mktemp("logs")
    settings = {
        **TEST_SETTINGS,
        "DATABASE_READ_URL": replica.url(primary.url),
        "CONTRACT_PATH": str(impatient(tmp_path_factory.mktemp("contract"))),
    }
    servers: Twins = {
        kind: TwinServer(kind, primary.url, logs / f"{kind}.log", settings) for kind in KINDS
    }
    with start_all(list(servers.values())):
        yield servers


def impatient(directory: Path) -> Path:
    """A contract with which a replica that failed is soon tried again."""
    text = CONTRACT.read_text(encoding="utf-8")
    for found, instead in SOONER.items():
        assert text.count(found) == 1
        text = text.replace(found, instead)
    path = directory / "openapi.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(params=KINDS)
def twin(request: pytest.FixtureRequest, twins: Twins) -> Iterator[TwinServer]:
    server = twins[request.param]
    until(lambda: state(server) == "available")
    yield server
    until(lambda: state(server) == "available")


def user_of(server: TwinServer) -> Client:
    """A user who has a task."""
    client = Client(server.port or 0, Document.load(CONTRACT))
    client.prepare()
    return client


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def got(server: TwinServer, path: str) -> Any:
    with urllib.request.urlopen(f"{server.base_url}{path}", timeout=30) as response:
        return response.read().decode()


def state(server: TwinServer) -> str:
    """What the readiness probe says of the replica; it is ready, whatever that is."""
    response = json.loads(got(server, "/ready"))
    assert response["status"] == "ready"
    return str(response["read_replica"])


def reads(server: TwinServer) -> dict[str, int]:
    """How many reads were served where."""
    return {outcome: int(count) for outcome, count in READS.findall(got(server, "/metrics"))}


def available(server: TwinServer) -> str:
    """The metric that says whether the replica is used."""
    [value] = AVAILABLE.findall(got(server, "/metrics"))
    return str(value)


def served(server: TwinServer, client: Client, operation: str = "listTasks") -> tuple[Reply, str]:
    """A list, and where it came from."""
    before = reads(server)
    reply = client.send(Answer(operation, (200,), SLOWEST_SECONDS))
    after = reads(server)
    [outcome] = [name for name, count in after.items() if count != before.get(name, 0)]
    assert reply.status == 200, reply
    assert reply.seconds < SLOWEST_SECONDS
    return reply, outcome


def causes(server: TwinServer) -> list[str]:
    """Why the replica was not used, as the log has it, since a restart."""
    lines = [json.loads(line) for line in server.log.read_text(encoding="utf-8").splitlines()]
    return [line["cause"] for line in lines if line["event"] == "replica_unavailable"]


def is_anybody_waiting(primary: PostgresServer) -> bool:
    """Whether a statement waits for a lock."""
    with psycopg.connect(primary.url) as connection:
        return connection.execute(WAITING).fetchone() is not None


def titles(reply: Reply) -> list[str]:
    return [task["title"] for task in reply.body["data"]]


@pytest.fixture
def client(twin: TwinServer) -> Client:
    """A user whose lists are read from the replica."""
    found = user_of(twin)
    until(lambda: served(twin, found)[1] == "replica")
    return found


def test_a_replica_that_has_everything_is_read(twin: TwinServer, client: Client) -> None:
    for operation in ("listTasks", "listTaskTimeEntries", "listTimeEntries"):
        assert served(twin, client, operation)[1] == "replica"
    assert available(twin) == "1"
    report = urllib.request.Request(
        f"{twin.base_url}/api/v1/reports/time?{YEAR}&group_by=day&tz=UTC",
        headers={"Authorization": f"Bearer {client.token}"},
    )
    before = reads(twin)["replica"]
    with urllib.request.urlopen(report) as response:
        assert response.status == 200
    assert reads(twin)["replica"] == before + 1


def test_users_see_what_they_have_changed(twin: TwinServer, replica: Replica) -> None:
    writer, other = user_of(twin), user_of(twin)
    until(lambda: served(twin, writer)[1] == "replica" == served(twin, other)[1])
    replica.hold()
    try:
        writer.send(Answer("createTask", (201,), SLOWEST_SECONDS, json={"title": "new"}))
        reply, outcome = served(twin, writer)
        assert (outcome, sorted(titles(reply))) == ("own_write", ["a task", "new"])
        assert served(twin, other)[1] == "replica"
    finally:
        replica.go_on()
    until(lambda: served(twin, writer)[1] == "replica")
    assert sorted(titles(served(twin, writer)[0])) == ["a task", "new"]


def test_a_change_that_had_to_wait_is_seen(
    twin: TwinServer, client: Client, primary: PostgresServer, replica: Replica
) -> None:
    """What counts is where the primary was after the change, not before."""
    change = Answer("updateTask", (200,), 30, json={"title": "new"}, headers={"If-Match": "*"})
    with ThreadPoolExecutor(1) as thread, psycopg.connect(primary.url) as locking:
        locking.execute("SELECT FROM tasks WHERE id = %s FOR UPDATE", [client.task_id])
        changed = thread.submit(client.send, change)
        until(lambda: is_anybody_waiting(primary))
        replica.catch_up(primary)
        replica.hold()
        try:
            locking.rollback()
            assert changed.result().status == 200
            reply, outcome = served(twin, client)
            assert (outcome, titles(reply)) == ("own_write", ["new"])
        finally:
            replica.go_on()


def test_a_change_is_answered_once_it_is_noted(twin: TwinServer, primary: PostgresServer) -> None:
    """Who reads after the response must not find the position before the change."""
    client = user_of(twin)
    create = Answer("createTask", (201,), 30, json={"title": "new"})
    with ThreadPoolExecutor(1) as thread, psycopg.connect(primary.url) as locking:
        locking.execute("SELECT FROM last_writes FOR UPDATE")
        created = thread.submit(client.send, create)
        until(lambda: is_anybody_waiting(primary))
        # Without the note there would be a response by now.
        assert state(twin) == "available"
        assert not created.done()
        locking.rollback()
        assert created.result().status == 201


@contextmanager
def raising(primary: PostgresServer, replica: Replica, state: str) -> Iterator[None]:
    """Let the replica raise an error where tasks are listed, and only there."""
    with psycopg.connect(primary.url, autocommit=True) as connection:
        row = connection.execute(VIEWED).fetchone()
        assert row is not None
        query = row[0].rstrip().rstrip(";")
        connection.execute(RAISE)
        raised = f"SELECT * FROM ({query}) AS every WHERE raises_on_a_replica('{state}')"
        connection.execute(f"{VIEW}{raised}".encode())
        try:
            replica.catch_up(primary)
            yield
        finally:
            connection.execute(f"{VIEW}{query}".encode())
            connection.execute("DROP FUNCTION raises_on_a_replica")
            replica.catch_up(primary)


def test_a_read_in_the_way_of_replaying_is_done_on_the_primary(
    twin: TwinServer, client: Client, primary: PostgresServer, replica: Replica
) -> None:
    before = causes(twin)
    with raising(primary, replica, "40001"):
        reply, outcome = served(twin, client)
        assert (outcome, titles(reply)) == ("conflict", ["a task"])
        assert state(twin) == "available"
    assert causes(twin) == before


def test_a_read_that_takes_too_long_is_not_repeated_on_the_primary(
    twin: TwinServer, client: Client, primary: PostgresServer, replica: Replica
) -> None:
    before = causes(twin)
    with raising(primary, replica, "57014"):
        reply = client.send(Answer("listTasks", (503,), SLOWEST_SECONDS))
        assert (reply.status, reply.body["code"]) == (503, "unavailable")
        assert state(twin) == "available"
    assert causes(twin) == before


@pytest.mark.parametrize("writing", KINDS)
def test_the_other_server_knows_of_a_change(writing: Kind, twins: Twins, replica: Replica) -> None:
    [reading] = [twin for kind, twin in twins.items() if kind != writing]
    until(lambda: state(reading) == "available")
    client = user_of(reading)
    until(lambda: served(reading, client)[1] == "replica")
    elsewhere = Client(twins[writing].port or 0, client.document, client.token, client.task_id)
    replica.hold()
    try:
        elsewhere.send(Answer("deleteTask", (204,), SLOWEST_SECONDS, headers={"If-Match": "*"}))
        reply, outcome = served(reading, client)
        assert (outcome, titles(reply)) == ("own_write", [])
    finally:
        replica.go_on()


def test_a_replica_that_lags_is_left_out(
    twin: TwinServer, client: Client, primary: PostgresServer, replica: Replica
) -> None:
    replica.hold()
    try:
        with psycopg.connect(primary.url) as connection:
            connection.execute(MUCH)
        assert served(twin, client)[1] == "behind"
        assert state(twin) == "behind"
        assert available(twin) == "0"
        assert causes(twin)[-1] == "behind"
    finally:
        replica.go_on()
    until(lambda: served(twin, client)[1] == "replica")


def test_without_a_replica_the_primary_is_read(
    twin: TwinServer, client: Client, replica: Replica
) -> None:
    def reads_without_another_try() -> bool:
        before = len(causes(twin))
        assert served(twin, client)[1] == "unavailable"
        return len(causes(twin)) == before

    replica.stop()
    try:
        assert served(twin, client)[1] == "unavailable"
        assert state(twin) == "unavailable"
        assert causes(twin)[-1] in ("lost", "refused")
        # On a slow machine the pause between two tries may be over before the next read.
        until(reads_without_another_try)
    finally:
        replica.restart()
    until(lambda: served(twin, client)[1] == "replica")
    assert "replica_available" in twin.log.read_text(encoding="utf-8")


def test_a_frozen_replica_holds_nobody_up(
    twin: TwinServer, client: Client, replica: Replica
) -> None:

    def reads_without_waiting() -> bool:
        reply = client.send(LIST)
        assert reply.status == 200
        return reply.seconds < TIMEOUT_MS / 1000

    replica.freeze()
    try:
        first = client.send(LIST)
        assert first.status == 200
        assert TIMEOUT_MS / 1000 <= first.seconds < SLOWEST_SECONDS
        # As above: whoever tries the replica each time never answers sooner.
        until(reads_without_waiting)
        assert causes(twin)[-1] == "silent"
    finally:
        replica.thaw()
    until(lambda: served(twin, client)[1] == "replica")


def test_a_statement_more_is_sent(twin: TwinServer, client: Client) -> None:
    """One that asks the primary what is needed, one that asks the replica what it has.

    None where nothing is changed, nor read from the replica.
    """
    client.send(Answer("getCurrentUser", (200,), SLOWEST_SECONDS))
    client.send(Answer("createTask", (201,), SLOWEST_SECONDS, json={"title": "a"}))
    until(lambda: served(twin, client)[1] == "replica")
    lines = [json.loads(line) for line in twin.log.read_text(encoding="utf-8").splitlines()]
    sent = {line.get("operation"): line.get("statements") for line in lines}
    assert (sent["getCurrentUser"], sent["createTask"], sent["listTasks"]) == (1, 3, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_replica_that_all_workers_use_is_available_once(
    kind: Kind, primary: PostgresServer, replica: Replica, tmp_path: Path
) -> None:
    settings = {
        **TEST_SETTINGS,
        "DATABASE_READ_URL": replica.url(primary.url),
        "WORKERS": "2",
    }
    with ExitStack() as stack:
        server = TwinServer(kind, primary.url, tmp_path / "log", settings)
        stack.enter_context(start_all([server]))
        # The pools of both.
        until(lambda: "\ndb_pool_size 20" in got(server, "/metrics"))
        until(lambda: available(server) == "1")


@pytest.mark.parametrize("kind", KINDS)
def test_a_primary_is_no_replica(kind: Kind, primary: PostgresServer, tmp_path: Path) -> None:
    """After a promotion it would have other data."""
    settings = {**TEST_SETTINGS, "DATABASE_READ_URL": primary.url}
    with ExitStack() as stack:
        server = TwinServer(kind, primary.url, tmp_path / "log", settings)
        stack.enter_context(start_all([server]))
        assert state(server) == "unavailable"
        assert causes(server) == ["no_replica"]
        assert served(server, user_of(server))[1] == "unavailable"


def test_the_settings_are_documented() -> None:
    assert "#DATABASE_READ_URL=" in (ROOT / ".env.example").read_text(encoding="utf-8")
