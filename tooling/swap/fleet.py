"""The servers behind the proxy: two processes of each runtime on one database."""

import json
import math
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from testbed.servers import KINDS, TEST_SETTINGS, Kind, ServerError, TwinServer
from tooling.swap.profiles import Profile

EACH = 2
_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 90.0
_EVENT = '"event":"request"'


@dataclass(frozen=True)
class Planted:
    """Deliberate faults of the servers, for which the swap must fail.

    settings: override the usual ones. commands: run instead of a twin.
    """

    settings: Mapping[str, str]
    commands: Mapping[str, Sequence[str]]


NOTHING = Planted({}, {})


@dataclass
class Instance:
    """One server, by its name in the report."""

    name: str
    server: TwinServer
    # Connections that it had closed before the load started.
    ended: frozenset[tuple[int, int]] = frozenset()
    # How many idle connections it closed by itself before it was restarted.
    closed: int | None = None

    @property
    def kind(self) -> str:
        """Its runtime."""
        return self.server.kind

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self.server.port is not None
        return self.server.port


class Fleet:
    """All servers, in the order of the proxy's weights."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        self.instances = tuple(instances)
        # Problems of processes.
        self.problems: list[str] = []

    @classmethod
    @contextmanager
    def start(
        cls, database_url: str, profile: Profile, logs: Path, planted: Planted = NOTHING
    ) -> Iterator["Fleet"]:
        """Context manager that runs them with production settings."""
        settings = {
            **TEST_SETTINGS,
            "APP_ENV": "production",
            "TRUSTED_PROXY_HOPS": "1",
            # Clients that are mistaken for a single one exceed the limits.
            "RATE_LIMIT_PER_MINUTE": "200",
            "CREDENTIAL_LIMIT_PER_MINUTE": "30",
            "SHUTDOWN_DELAY_SECONDS": str(profile.shutdown_delay),
            # A busy machine is not a server's fault.
            "SHUTDOWN_SECONDS": "60",
            "DATABASE_TIMEOUT_MS": "30000",
            **planted.settings,
        }
        instances = [
            Instance(
                f"{kind}-{number}", _server(kind, number, database_url, settings, logs, planted)
            )
            for kind in KINDS
            for number in range(1, EACH + 1)
        ]
        with ExitStack() as stack:
            for each in instances:
                stack.callback(each.server.kill)
                each.server.launch()
            for each in instances:
                each.server.settle()
            yield cls(instances)

    def weights(self, share: int) -> list[int]:
        """Return the weights with which Node gets `share` of 100 requests.

        They are as small as possible, since Caddy sends a server that many requests in a row.
        """
        least = math.gcd(share, 100 - share)
        node, python = share // least, (100 - share) // least
        return [node if each.kind == "node" else python for each in self.instances]

    def begin(self) -> None:
        """Remember which connections are closed already."""
        for each in self.instances:
            each.ended = _ended_by(each.port)

    def count_closed(self, instances: Sequence[Instance]) -> None:
        """Count the idle connections that servers closed without being told to stop."""
        for each in instances:
            if each.closed is None:
                each.closed = len(_ended_by(each.port) - each.ended)

    def restart(self, *instances: Instance) -> None:
        """Stop servers in order, and start them again once they have exited.

        Raises ServerError if they do not start, or the proxy sends them nothing.
        """
        self.count_closed(instances)
        for each in instances:
            os.kill(each.server.pid, signal.SIGTERM)
        for each in instances:
            status = each.server.wait(_PATIENCE_SECONDS)
            if status != 0:
                self.problems.append(f"{each.name} exited with {status} on SIGTERM")
            each.server.stop()
            each.server.launch()
        for each in instances:
            each.server.settle()
            _wait_until_served(each)


def requests_by_instance(instances: Sequence[Instance]) -> dict[str, Counter[str]]:
    """Return how often each server responded to each request id."""
    return {each.name: Counter(_request_ids(each.server.log)) for each in instances}


def _server(
    kind: Kind,
    number: int,
    database_url: str,
    settings: Mapping[str, str],
    logs: Path,
    planted: Planted,
) -> TwinServer:
    log = logs / f"{kind}-{number}.log"
    log.unlink(missing_ok=True)
    return TwinServer(kind, database_url, log, settings, command=planted.commands.get(kind))


def _request_ids(log: Path, offset: int = 0) -> Iterator[str]:
    """Yield the ids of the users' requests in a log."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        lines.seek(offset)
        for line in lines:
            # The last line may be incomplete.
            if _EVENT in line and line.endswith("\n"):
                entry = json.loads(line)
                if entry["path"].startswith("/api/"):
                    yield entry["request_id"]


def _wait_until_served(instance: Instance) -> None:
    """Wait until the proxy sends requests to it again."""
    offset = instance.server.log.stat().st_size
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while next(_request_ids(instance.server.log, offset), None) is None:
        if time.monotonic() > deadline:
            raise ServerError(f"The proxy sends no requests to {instance.name} after its restart.")
        time.sleep(_POLL_SECONDS)


def _ended_by(port: int) -> frozenset[tuple[int, int]]:
    """Return the connections that the listener on a port closed first, within a minute.

    Only Linux lists them without further privileges.
    """
    if not psutil.LINUX:
        return frozenset()
    return frozenset(
        (each.laddr.port, each.raddr.port)
        for each in psutil.net_connections("tcp")
        if each.status == psutil.CONN_TIME_WAIT
        and each.laddr
        and each.raddr
        and each.laddr.port == port
    )
