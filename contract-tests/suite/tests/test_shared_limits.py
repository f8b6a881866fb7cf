"""Rate limits are shared by both twins with several workers each."""

import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from suite.faults.proxy import Proxy
from testbed.databases import Databases
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
WINDOW_SECONDS = 60


@contextmanager
def twins(url: str, logs: Path) -> Iterator[list[TwinServer]]:
    servers = [TwinServer(kind, url, logs / f"{kind}.log", SETTINGS) for kind in KINDS]
    with start_all(servers):
        yield servers


def send(server: TwinServer, client: str, number: int) -> list[int]:
    """Send requests sequentially; they need no database."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port or 0, timeout=30)
    statuses = []
    for _ in range(number):
        connection.request("GET", "/api/v1/tasks", headers={"X-Forwarded-For": client})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    return statuses


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


def test_workers_share_the_limit(stage: Stage, name: str, tmp_path: Path) -> None:
    with twins(stage.databases.url(name), tmp_path) as servers:
        assert 0.9 * LIMIT <= allowed(servers, addresses()) <= 1.1 * LIMIT


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
