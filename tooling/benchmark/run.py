"""A complete comparison, from the contract tests to the page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from lockstep.openapi.document import Document
from testbed import contract
from testbed.databases import Databases
from testbed.paths import BUILD, CONTRACT, DOCS
from testbed.postgres import PostgresServer
from testbed.servers import KINDS
from testbed.stage import Stage
from tooling.benchmark import machine, population
from tooling.benchmark.advisories import audits
from tooling.benchmark.contestants import BY_NAME, CONTESTANTS, POOL_SIZE, Contestant
from tooling.benchmark.keeping import Keeping
from tooling.benchmark.lines import lines_by_layer
from tooling.benchmark.load import CONNECTIONS
from tooling.benchmark.measuring import Meter
from tooling.benchmark.packages import packages
from tooling.benchmark.parity import ContractTests
from tooling.benchmark.profiles import P99_LIMIT_MS, PROFILES, Profile
from tooling.benchmark.publishing import publish, sender_late
from tooling.benchmark.rounds import Record, Turn, turns
from tooling.benchmark.unit_tests import unit_tests
from tooling.benchmark.workload import Workload, load_workload

PARTIAL = "compare.partial.json"
_LOGS = BUILD / "logs" / "compare"


def chosen(names: str) -> list[Contestant]:
    """Return the contestants of a comma-separated list, all if it is empty. Raises ValueError."""
    if not names:
        return list(CONTESTANTS)
    unknown = set(names.split(",")) - set(BY_NAME)
    if unknown:
        raise ValueError(
            f"There is no {', '.join(sorted(unknown))}; there are {', '.join(BY_NAME)}."
        )
    return [each for each in CONTESTANTS if each.name in names.split(",")]


@dataclass
class Comparison:
    """One run. build, docs, keeping: output locations. tests: the contract tests before it."""

    contestants: Sequence[Contestant]
    console: Console
    tests: ContractTests = field(default_factory=ContractTests)
    build: Path = BUILD
    docs: Path = DOCS
    keeping: Keeping = field(default_factory=Keeping)

    def run(self, *, resume: bool = False, keep: bool = False) -> Path:
        """Check parity, measure, publish; return the page. keep: whatever the profile.

        Raises ParityError before anything is measured or written, and the errors of the parts.
        """
        name, seed = contract.profile(), contract.seed()
        profile = PROFILES[name]
        workload = load_workload(Document.load(CONTRACT))
        self.build.mkdir(exist_ok=True)
        identity: dict[str, Any] = {
            "code": machine.code(),
            "profile": name,
            "seed": seed,
            "contestants": [each.name for each in self.contestants],
        }
        record = Record(self.build / PARTIAL, identity)
        if resume:
            record.resume()
        if record.parity is None:
            record.parity = self._check_parity(profile, seed)
            record.save()
        vulnerabilities = {kind: audit.as_json() for kind, audit in audits().items()}
        postgres = self._measure(record, profile, workload, seed)
        data = {
            "version": 1,
            "made_at": machine.now(),
            "profile": name,
            "seed": seed,
            "commit": machine.commit(),
            "machine": machine.machine(),
            "versions": machine.versions(postgres, identity["contestants"]),
            "settings": _settings(profile, workload),
            "parity": record.parity,
            "contestants": [_described(each) for each in self.contestants],
            "rounds": record.rounds,
            "sender_late_ms": sender_late(record.rounds),
            "vulnerabilities": vulnerabilities,
            "unit_tests": self._unit_tests(profile),
            "seconds": record.seconds,
        }
        page = publish(data, self.build / "compare.json", self.docs / "compare.html")
        if self.keeping.keeps(data, asked=keep):
            self.keeping.write(data)
        record.delete()
        return page

    def _check_parity(self, profile: Profile, seed: int) -> dict[str, Any]:
        """Run the contract tests on all servers with the whole contract, always on both twins."""
        taking_part = {each.name for each in self.contestants} | set(KINDS)
        servers = [each.name for each in CONTESTANTS if each.knows is None]
        servers = [name for name in servers if name in taking_part]
        self.console.print(f"parity of {', '.join(servers)} ...")
        return self.tests.hold(servers, profile.parity, seed)

    def _measure(self, record: Record, profile: Profile, workload: Workload, seed: int) -> str:
        """Measure every turn that is not recorded yet; return PostgreSQL's version."""
        _LOGS.mkdir(parents=True, exist_ok=True)
        with PostgresServer.start() as database:
            databases = Databases(database.url)
            stage = Stage(databases, database, _LOGS)
            self.console.print("seed data ...")
            people = population.populate(stage, _LOGS)
            meter = Meter(stage, database, people, workload, profile, seed, _LOGS)
            left = [turn for turn in turns(profile, self.contestants) if not record.has(turn)]
            seconds = [meter.seconds(turn.contestant, turn.workers) for turn in left]
            for number, turn in enumerate(left):
                self._announce(turn, profile, sum(seconds[number:]))
                record.add(meter.measure(turn.contestant, turn.workers, turn.number))
            return databases.version()

    def _announce(self, turn: Turn, profile: Profile, seconds: float) -> None:
        workers = "1 worker" if turn.workers == 1 else f"{turn.workers} workers"
        self.console.print(
            f"round {turn.number}/{profile.rounds}  {turn.contestant.name:11}  {workers:9}"
            f"  about {seconds / 60:.0f} min left"
        )

    def _unit_tests(self, profile: Profile) -> dict[str, Any]:
        if not profile.unit_tests:
            return {}
        self.console.print("unit tests ...")
        return {kind: unit_tests(kind) for kind in KINDS}


def _described(contestant: Contestant) -> dict[str, Any]:
    return {
        "name": contestant.name,
        "label": contestant.label,
        "runtime": contestant.runtime,
        "role": contestant.role,
        "lines": lines_by_layer(contestant),
        "packages": packages(contestant),
    }


def _settings(profile: Profile, workload: Workload) -> dict[str, Any]:
    return {
        **asdict(profile),
        "users": population.USERS,
        "tasks": population.TASKS,
        "entries": population.ENTRIES,
        "pool_size": POOL_SIZE,
        "connections": CONNECTIONS,
        "p99_limit_ms": P99_LIMIT_MS,
        "mixed": dict(workload.mixed),
    }
