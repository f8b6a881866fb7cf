"""A complete swap: servers, proxy and users, the moves, and the results."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from testbed.databases import Databases
from testbed.migrations import migrate
from tooling.swap.clients import Clients, Observations
from tooling.swap.fleet import NOTHING, Fleet, Instance, Planted, requests_by_instance
from tooling.swap.ledger import Ledger, settle
from tooling.swap.profiles import MIGRATED_AT, Profile
from tooling.swap.proxy import Proxy
from tooling.swap.revision import migrate_further

DATABASE = "swap"
_POLL_SECONDS = 0.1
# More failures would add no information.
_MOST_FAILURES = 500


class Reporter(Protocol):
    """Receives the progress."""

    def stage(self, title: str) -> None:
        """Start the next move."""

    def progress(self, text: str, done: int, total: int | None) -> None:
        """Report the number of requests sent."""


@dataclass(frozen=True)
class Move:
    """An action under load, with start and end in seconds since 1970."""

    what: str
    begin: float
    end: float


@dataclass
class Swapped:
    """The results of a swap. served: the requests that each server responded to, by id."""

    observed: Observations
    ledger: Ledger
    moves: list[Move]
    served: Mapping[str, Mapping[str, int]]
    instances: tuple[Instance, ...]
    problems: list[str]


def swap(
    databases: Databases,
    profile: Profile,
    seed: int,
    logs: Path,
    reporter: Reporter,
    planted: Planted = NOTHING,
) -> Swapped:
    """Swap the runtimes there and back. Raises the errors of the parts that cannot run."""
    reporter.stage("servers")
    url = databases.create(DATABASE)
    migrate(url)
    with ExitStack() as stack:
        stack.callback(databases.drop, DATABASE)
        fleet = stack.enter_context(Fleet.start(url, profile, logs, planted))
        ports = [each.port for each in fleet.instances]
        interval = profile.health_interval
        proxy = stack.enter_context(Proxy.start(ports, fleet.weights(0), interval, logs))
        reporter.stage("users")
        log = logs / "clients.log"
        clients = stack.enter_context(
            Clients.start(proxy.address, profile.users, profile.rate, seed, log)
        )
        fleet.begin()
        timeline = Timeline(fleet, proxy, clients, profile, reporter, url)
        with suppress(_EnoughError):
            timeline.play()
        reporter.stage("what is stored")
        observed = clients.stop()
        fleet.count_closed(fleet.instances)
        ledger = settle(url, observed.users)
        served = requests_by_instance(fleet.instances)
        return Swapped(observed, ledger, timeline.moves, served, fleet.instances, fleet.problems)


class _EnoughError(Exception):
    """So much has failed that the remaining moves are useless."""


@dataclass
class Timeline:
    """All moves in sequence."""

    fleet: Fleet
    proxy: Proxy
    clients: Clients
    profile: Profile
    reporter: Reporter
    database_url: str
    moves: list[Move] = field(default_factory=list)

    def play(self) -> None:
        """Move all traffic to Node and back, as often as the profile says."""
        first, second, *nodes = self.fleet.instances
        self._stay()
        for number in range(self.profile.rounds):
            if not self.profile.in_pairs:
                self._restart(first)
                self._restart(second)
            for share in self.profile.shares:
                self._move(share)
                if share == MIGRATED_AT and number == 0:
                    self._migrate()
                if share == MIGRATED_AT and self.profile.in_pairs:
                    self._restart(first, nodes[0])
                    self._restart(second, nodes[1])
            if not self.profile.in_pairs:
                for each in nodes:
                    self._restart(each)
            for share in (*self.profile.shares[-2::-1], 0):
                self._move(share)

    def _move(self, share: int) -> None:
        with self._noted(f"{share} % to Node"):
            self.proxy.move(self.fleet.weights(share))
        self._stay()

    def _restart(self, *instances: Instance) -> None:
        names = " and ".join(each.name for each in instances)
        with self._noted(f"restart {names}"):
            self.fleet.restart(*instances)
        self._stay()

    def _migrate(self) -> None:
        with self._noted("migrate"):
            migrate_further(self.database_url)
        self._stay()

    @contextmanager
    def _noted(self, what: str) -> Iterator[None]:
        self.reporter.stage(what)
        begin = time.time()
        yield
        self.moves.append(Move(what, begin, time.time()))

    def _stay(self) -> None:
        """Keep the load running for a while."""
        until = time.monotonic() + self.profile.stay
        while time.monotonic() < until:
            self.clients.check()
            sent, failed = self.clients.sent, self.clients.failed
            self.reporter.progress(f"{failed} failed", sent, None)
            if failed > _MOST_FAILURES:
                raise _EnoughError
            time.sleep(_POLL_SECONDS)
