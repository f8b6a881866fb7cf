"""Connections of clients, whose requests have a time limit, and of the database.

One on which no whole request arrives in time gets a 408 and is closed.
"""

import http.client
import json
import resource
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
from psycopg import sql

from lockstep.openapi.document import Document
from suite.faults.files import Answer
from suite.faults.requests import Client
from testbed.paths import CONTRACT
from testbed.servers import KINDS, SERVERS, TEST_SETTINGS, Kind, TwinServer, command_for
from testbed.stage import CLEAN, Stage

WHOLE = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
WITHIN = 30.0
END_SESSIONS = """
SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
APPLICATIONS = """
SELECT DISTINCT application_name FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
# The only form of dates that may be sent (RFC 9110, section 5.6.7).
DATE = "%a, %d %b %Y %H:%M:%S GMT"
DUE_AT = "2026-02-02T09:00:00.000Z"

WITHOUT_BODY = (
    b"POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/json\r\nContent-Length: 12\r\n\r\n"
)
# How Linux marks a connection that it keeps alive (proc_net_tcp).
KEPT_ALIVE = "02"
# More than Python has threads for requests whose body is late.
LATE = 20

BEGINNINGS = {
    "nothing": b"",
    "a request line": b"GET /health HTTP/1.1\r\n",
    "half of a body": b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{",
}


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Iterator[TwinServer]:
    contract = tmp_path / "openapi.yaml"
    source = CONTRACT.read_text(encoding="utf-8")
    contract.write_text(source.replace("request_seconds: 30", "request_seconds: 1"), "utf-8")
    name = f"connections_{request.param}"
    url = stage.databases.create(name, template=CLEAN)
    settings = {**TEST_SETTINGS, "CONTRACT_PATH": str(contract)}
    with TwinServer(request.param, url, tmp_path / "log", settings) as running:
        yield running
    stage.databases.drop(name)


@pytest.fixture
def url(kind: Kind, stage: Stage) -> Iterator[str]:
    """A database for one twin alone."""
    name = f"connections_of_one_{kind}"
    yield stage.databases.create(name, template=CLEAN)
    stage.databases.drop(name)


def received(server: TwinServer, sent: bytes) -> bytes:
    """Send the beginning of a request; return what comes until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port or 0), timeout=30) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_request_that_does_not_arrive_in_time_is_408(server: TwinServer) -> None:
    with ThreadPoolExecutor() as threads:
        answers = threads.map(lambda sent: received(server, sent), BEGINNINGS.values())
    for what, answer in zip(BEGINNINGS, answers, strict=True):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 "), what
        assert json.loads(body)["code"] == "request_timeout"
        sent = message_from_bytes(head.partition(b"\r\n")[2])["Date"]
        elapsed = datetime.now(UTC) - datetime.strptime(sent, DATE).replace(tzinfo=UTC)
        assert abs(elapsed) < timedelta(minutes=1), what


def test_requests_are_refused_before_their_bodies_arrive(server: TwinServer) -> None:
    """However many there were: what follows from the headers alone needs no body."""
    for _ in range(LATE):
        with socket.create_connection(("127.0.0.1", server.port or 0), timeout=30) as connection:
            connection.sendall(WITHOUT_BODY)
            with connection.makefile("rb") as answer:
                assert answer.read(12) == b"HTTP/1.1 401"


def test_time_limit_begins_anew_with_each_request(server: TwinServer) -> None:
    answers = received(server, WHOLE + BEGINNINGS["a request line"]).split(b"HTTP/1.1 ")
    assert [answer[:3] for answer in answers[1:]] == [b"200", b"408"]


def test_connection_between_requests_has_no_time_limit(server: TwinServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port or 0, timeout=30)
    with closing(connection):
        for _ in range(2):
            connection.request("GET", "/health")
            with connection.getresponse() as answer:
                assert (answer.status, answer.getheader("Keep-Alive")) == (200, "timeout=75")
                answer.read()
            # One that is opened later reaches the limit meanwhile.
            assert received(server, b"").startswith(b"HTTP/1.1 408 ")


def test_database_connections_that_ended_while_idle_are_replaced(server: TwinServer) -> None:
    client = Client(server.port or 0, Document.load(CONTRACT))
    client.prepare()
    with psycopg.connect(server.database_url, autocommit=True) as connection:
        assert connection.execute(END_SESSIONS).fetchall()
    assert client.send(Answer("listTasks", (200,), WITHIN)).status == 200
    assert client.send(Answer("createTask", (201,), WITHIN, json={"title": "a"})).status == 201


@pytest.mark.parametrize("kind", KINDS)
def test_time_zone_of_the_database_has_no_effect(kind: Kind, url: str, tmp_path: Path) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        database = sql.Identifier(connection.info.dbname)
        tokyo = sql.SQL("ALTER DATABASE {} SET timezone = 'Asia/Tokyo'")
        connection.execute(tokyo.format(database))
    with TwinServer(kind, url, tmp_path / "log") as server:
        client = Client(server.port or 0, Document.load(CONTRACT))
        client.prepare()
        due = {"title": "a", "due_at": DUE_AT}
        asked = (
            Answer("createTask", (201,), WITHIN, json=due),
            Answer("updateTask", (200,), WITHIN, json=due, headers={"If-Match": "*"}),
            Answer("getTask", (200,), WITHIN),
        )
        replies = [client.send(each) for each in asked]
        assert [reply.body["due_at"] for reply in replies] == [DUE_AT] * 3
        created_at = datetime.fromisoformat(replies[0].body["created_at"])
        assert abs(datetime.now(UTC) - created_at) < timedelta(hours=1)


@pytest.mark.parametrize("kind", KINDS)
def test_name_of_the_application_is_that_of_the_url(kind: Kind, url: str, tmp_path: Path) -> None:
    with (
        TwinServer(kind, f"{url}?application_name=the%20twin", tmp_path / "log"),
        psycopg.connect(url, autocommit=True) as connection,
    ):
        assert connection.execute(APPLICATIONS).fetchall() == [("the twin",)]


def timers(server: TwinServer, port: int) -> set[str]:
    """The timers that the system runs for the connections of a server to a port."""
    process = psutil.Process(server.pid)
    ours = {
        (f"{connection.laddr.port:04X}", f"{port:04X}")
        for each in (process, *process.children(recursive=True))
        for connection in each.net_connections("tcp")
        if connection.raddr and connection.raddr.port == port
    }
    files = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    lines = [line for file in files if file.exists() for line in file.read_text().splitlines()[1:]]
    found = [line.split() for line in lines]
    return {each[5][:2] for each in found if (each[1][-4:], each[2][-4:]) in ours}


@pytest.mark.parametrize("kind", KINDS)
def test_connections_of_the_database_are_kept_alive(kind: Kind, url: str, tmp_path: Path) -> None:
    """While they are idle, whatever is between would forget them."""
    with TwinServer(kind, url, tmp_path / "log") as server:
        deadline = time.monotonic() + WITHIN
        while (found := timers(server, urlsplit(url).port or 5432)) != {KEPT_ALIVE}:
            assert time.monotonic() < deadline, found


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_files_are_opened_as_the_system_allows(
    kind: Kind, url: str, tmp_path: Path
) -> None:
    """Each connection is one."""
    few = ("sh", "-c", 'ulimit -Sn 256 && exec "$@"', "sh", *command_for(kind))
    with TwinServer(kind, url, tmp_path / "log", command=few) as server:
        allowed, most = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        assert allowed == most > 256
