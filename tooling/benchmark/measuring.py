"""One round of one server: start, warm up, saturate, search, curve, outage."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed import usage
from testbed.postgres import PostgresServer
from testbed.servers import TwinServer
from testbed.stage import Stage
from tooling.benchmark.contestants import Contestant, server
from tooling.benchmark.load import Plan, Sender, plan
from tooling.benchmark.observing import LoadError, Observer, times_of
from tooling.benchmark.population import TEMPLATE, Population
from tooling.benchmark.profiles import Profile
from tooling.benchmark.ready import seconds_to_recover, seconds_to_start
from tooling.benchmark.search import highest_rate
from tooling.benchmark.workload import Mix, Workload

# Rates above this multiple of the saturated rate only lengthen the queue.
_HOPELESS = 1.25
# The warm-up is a number of requests, but at most this long for a slow server.
_WARM_UP_SECONDS = 20.0
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Meter:
    """Measures servers on fresh copies of one database, with the settings shared by all rounds."""

    stage: Stage
    database: PostgresServer
    population: Population
    workload: Workload
    profile: Profile
    seed: int
    logs: Path

    def measure(self, contestant: Contestant, workers: int, number: int) -> dict[str, Any]:
        """Return all figures of one server and round, as in compare.schema.json under `rounds`.

        Raises LoadError, NotReadyError, SenderError.
        """
        first = workers == self.profile.workers[0]
        with self._fresh(contestant, workers, number) as twin:
            figures: dict[str, Any] = {
                "contestant": contestant.name,
                "workers": workers,
                "round": number,
                "start_seconds": seconds_to_start(twin),
                "idle_bytes": usage.memory_bytes(twin.pid),
            }
            with Sender(self._plan(twin, contestant)) as sender:
                observer = Observer(contestant.name, twin.pid, self.database, sender)
                figures["loads"] = dict(self._loads(observer, contestant, first=first))
            figures["loaded_bytes"] = observer.most_bytes
            figures["recover_seconds"] = None
            if first and not contestant.is_baseline and number <= self.profile.outages:
                figures["recover_seconds"] = seconds_to_recover(twin, self.database)
        return figures

    def seconds(self, contestant: Contestant, workers: int) -> float:
        """Return about how long measure() takes, in seconds."""
        first = workers == self.profile.workers[0]
        mixed = self.profile.seconds_of_mixed(first=first) * contestant.can(self.workload.mixed)
        alone = [each for each in self.profile.alone if contestant.can(self.workload.alone[each])]
        overhead = (2.0 if contestant.is_baseline else 6.0) + self.profile.warm_up / 500
        return overhead + mixed + len(alone) * self.profile.seconds_of_search * first

    def _loads(
        self, observer: Observer, contestant: Contestant, *, first: bool
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        mixed, profile = self.workload.mixed, self.profile
        known = {name: weight for name, weight in mixed.items() if contestant.can({name: weight})}
        observer.sender.saturate(known, _WARM_UP_SECONDS, profile.warm_up)
        if contestant.can(mixed):
            found = self._search(observer, mixed)
            most = found["saturated"]["per_second"] * _HOPELESS
            yield "mixed", found | {"curve": list(self._curve(observer, most)) if first else []}
        for name in profile.alone if first else ():
            if contestant.can(self.workload.alone[name]):
                yield name, self._search(observer, self.workload.alone[name]) | {"curve": []}

    def _search(self, observer: Observer, mix: Mix) -> dict[str, Any]:
        """Measure the saturated rate and its cost, the highest sustained rate, and half of it."""
        sent, cost = observer.saturate(mix, self.profile.burst, self.workload.connections(mix))
        if sent.failed or sent.unanswered:
            raise LoadError(f"{observer.name}: not all answers were a success: {sent.operations}")
        best = highest_rate(
            sent.per_second,
            self.profile.probes,
            lambda rate: observer.sender.send(mix, rate, self.profile.probe),
        )
        figures = {
            "saturated": {"per_second": sent.per_second, **cost},
            "highest": {"rate": best.rate, **(times_of(best.sent) if best.sent else {})},
            "half": None,
        }
        if best.sent is not None and self.profile.half:
            half = best.rate / 2
            calm = observer.sender.send(mix, half, self.profile.probe)
            figures["half"] = {"rate": half, **times_of(calm)}
        return figures

    def _curve(self, observer: Observer, most: float) -> Iterator[dict[str, Any]]:
        """Yield times at rates that are equal for all servers, up to a limit."""
        for rate in self.profile.rates:
            if rate <= most:
                sent, cost = observer.send(self.workload.mixed, rate, self.profile.fixed)
                yield {"rate": rate, **times_of(sent), **cost}

    def _plan(self, twin: TwinServer, contestant: Contestant) -> Plan:
        known = [each for each in self.workload.requests if contestant.can({each.id: 1})]
        return plan(twin.base_url, known, self.population.users, self.population.tasks, self.seed)

    @contextmanager
    def _fresh(self, contestant: Contestant, workers: int, number: int) -> Iterator[TwinServer]:
        """Yield a server, not started yet, on a copy of the template that is dropped with it."""
        with ExitStack() as stack:
            name = f"compare_{next(_NUMBERS)}"
            url = self.stage.databases.create(name, template=TEMPLATE)
            stack.callback(self.stage.databases.drop, name)
            log = self.logs / f"{contestant.name}-{workers}-{number}.log"
            twin = server(contestant, url, workers, log)
            stack.callback(twin.stop)
            yield twin
