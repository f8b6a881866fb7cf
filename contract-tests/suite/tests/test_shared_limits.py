"""Rate limits are shared by both twins with several workers each."""

import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from suite.faults.proxy import Proxy
from testbed.databases import Databases
from testbed.paths import CONTRACT
from testbed.servers import KINDS, TEST_SETTINGS, TwinServer, start_all
from testbed.stage import CLEAN, Stage

LIMIT = 600
WORKERS = 2
# Each on its own connections, so that every worker gets some of them.
CONNECTIONS = 4
SETTINGS = {
    **TEST_SETTINGS,
    "RATE_LIMIT_PER_MINUTE": str(LIMIT),
    "TRUSTED_PROXY_HOPS": "1",
    "WORKERS": str(WORKERS),
    "DATABASE_TIMEOUT_MS": "500",
}
TIMES = 1.6
SHARE_OF_REST = yaml.safe_load(CONTRACT.read_text("utf-8"))["x-limit-sharing"]["share_of_rest"]
WINDOW_SECONDS = 60


@contextmanager
def twins(url: str, logs: Path) -> Iterator[list[TwinServer]]:
    servers = [TwinServer(kind, url, logs / f"{kind}.log", SETTINGS) for kind in KINDS]
    with start_all(servers):
        yield servers


def send(server: TwinServer, client: str, number: int) -> list[int]:
    """Send requests sequentially; they need no database."""
    with closing(connect(server)) as connection:
        return [request(connection, client) for _ in range(number)]


def connect(server: TwinServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port or 0, timeout=30)


def request(connection: http.client.HTTPConnection, client: str) -> int:
    connection.request("GET", "/api/v1/tasks", headers={"X-Forwarded-For": client})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def allowed(servers: list[TwinServer], clients: Iterator[str]) -> int:
    """Send more requests than the limit to all workers concurrently; return the number allowed.

    Repeated with another client if a rate limit window ended in the meantime.
    """
    each = int(TIMES * LIMIT / (CONNECTIONS * len(servers)))
    for client in clients:
        began = time.monotonic()
        with ThreadPoolExecutor() as threads:
            sending = [
                threads.submit(send, server, client, each) for server in servers * CONNECTIONS
            ]
        statuses = [status for sent in sending for status in sent.result()]
        assert set(statuses) <= {401, 429}
        if time.monotonic() - began < WINDOW_SECONDS:
            return statuses.count(401)
    raise AssertionError("never")


@pytest.fixture
def name(stage: Stage) -> Iterator[str]:
    stage.databases.create("shared_limits", template=CLEAN)
    yield "shared_limits"
    stage.databases.drop("shared_limits")


def allowed_in_rounds(servers: list[TwinServer], clients: Iterator[str], database: str) -> int:
    """Like `allowed`, but wait after each round until its requests have been shared.

    How many requests a process counts while it is waiting for the database depends on the machine.
    """
    processes = WORKERS * len(servers)
    for client in clients:
        began = time.monotonic()
        statuses: list[int] = []
        with ExitStack() as stack:
            threads = stack.enter_context(ThreadPoolExecutor())
            watching = stack.enter_context(psycopg.connect(database, autocommit=True))
            connections = [
                stack.enter_context(closing(connect(server))) for server in servers * CONNECTIONS
            ]
            while len(statuses) < TIMES * LIMIT:
                statuses += threads.map(partial(request, client=client), connections)
                # What each process may keep to itself, and what it received while sharing.
                kept = SHARE_OF_REST * (LIMIT - shared(watching, client)) + CONNECTIONS
                expected = min(len(statuses) - processes * kept, LIMIT)
                while shared(watching, client) < expected:
                    assert time.monotonic() - began < WINDOW_SECONDS
        assert set(statuses) <= {401, 429}
        if time.monotonic() - began < WINDOW_SECONDS:
            return statuses.count(401)
    raise AssertionError("never")


def shared(connection: psycopg.Connection[tuple[int]], client: str) -> int:
    """The number of a client's requests that processes have shared."""
    row = connection.execute(
        "SELECT hits FROM rate_limits WHERE key = %s", [f"general {client}"]
    ).fetchone()
    return row[0] if row else 0


def test_workers_share_the_limit(stage: Stage, name: str, tmp_path: Path) -> None:
    url = stage.databases.url(name)
    with twins(url, tmp_path) as servers:
        assert 0.9 * LIMIT <= allowed_in_rounds(servers, addresses(), url) <= 1.1 * LIMIT


def addresses() -> Iterator[str]:
    """Client addresses that have not been used yet."""
    return (f"203.0.113.{number}" for number in range(1, 255))


def lines(server: TwinServer, event: str) -> list[dict[str, object]]:
    # The last line may be incomplete.
    complete = server.log.read_text(encoding="utf-8").rpartition("\n")[0]
    every = map(json.loads, complete.splitlines())
    return [line for line in every if line["event"] == event]


def test_workers_limit_on_their_own_without_the_database(
    stage: Stage, name: str, tmp_path: Path
) -> None:
    with proxied(stage.databases, name) as (proxy, url), twins(url, tmp_path) as servers:
        proxy.cut()
        clients = addresses()
        # No worker has received as many requests as it would allow on its own.
        assert allowed(servers, clients) == int(TIMES * LIMIT)
        for server in servers:
            logged = lines(server, "limits_not_shared")
            assert 1 <= len(logged) <= WORKERS
            assert {line["cause"] for line in logged} == {"lost"}
            assert {line["level"] for line in logged} == {"warning"}
        proxy.heal()
        for server in servers:
            deadline = time.monotonic() + WINDOW_SECONDS
            while not lines(server, "limits_shared"):
                assert time.monotonic() < deadline
                send(server, next(clients), 10)
            # A worker without requests logs nothing.
            assert len(lines(server, "limits_shared")) <= WORKERS


@contextmanager
def proxied(databases: Databases, name: str) -> Iterator[tuple[Proxy, str]]:
    """A relay between servers and a database, and the URL through it."""
    address = urlsplit(databases.url(name))
    with Proxy(address.hostname or "", address.port or 5432) as proxy:
        credentials = address.netloc.rpartition("@")[0]
        yield proxy, address._replace(netloc=f"{credentials}@127.0.0.1:{proxy.port}").geturl()
