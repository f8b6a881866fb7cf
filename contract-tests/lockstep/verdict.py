"""What a run comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lockstep.drivers.races.driver import RaceResult
from lockstep.drivers.replay.results import ReplayResult
from lockstep.drivers.stories.player import StoryResult
from lockstep.drivers.traps.raw import TrapResult
from lockstep.explain.attribution import ALL_ALIKE
from lockstep.matching.noise import Noise
from lockstep.matching.rules import Rule
from lockstep.results.coverage import Coverage, Missing
from lockstep.results.findings import CONFORMANCE, PARITY, Finding
from lockstep.results.known_differences import KnownDifference

ALIKE, DIVERGED, COULD_NOT_RUN = 0, 1, 2
PARITY_WORDS = ("alike", "not alike", "not tested", "could not run")
KEPT, BROKEN = "kept", "broken"
FAIL_ON = ("parity", "conformance", "any")
# So many names fit into the verdict's own line.
_NAMED = 4


@dataclass(slots=True)
class Stage:
    """One part of a run: against which targets, how, and what it took."""

    title: str
    targets: tuple[str, ...]
    mode: str
    exchanges: int = 0
    requests: int = 0
    seconds: float = 0.0
    findings: int = 0
    stories: list[StoryResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run ended: three statements, on parity, on conformance, and on what was not tested.

    `parity` is one of `alike`, `not alike`, `not tested` and `could not run`; `conformance` is
    `kept` or `broken`; `untested` are the clauses that the verdict's own line needs. `exit_code` is
    0, 1 for what `fail_on` (`parity`, `conformance` or `any`) asks about, 2 where nothing was
    tested or the run could not be done.

    `seen_once` are findings that could not be shown again: they decide nothing. `excused` counts
    what differs only because states had parted, by cause. `not_judged` and `not_tested` say in
    words what could not be held against each other, and what was never sent or seen, `notes` what
    was found out about the targets, such as how users log in. `secrets` are texts that no report
    may show.
    """

    exit_code: int
    parity: str
    conformance: str
    fail_on: str
    untested: list[str]
    findings: list[Finding]
    seen_once: list[Finding]
    excused: Mapping[str, int]
    missing: list[Missing]
    problems: list[str]
    known: list[KnownDifference]
    stages: list[Stage]
    coverage: Coverage
    covered: tuple[int, int]
    seed: int
    seconds: float
    title: str
    notes: list[str] = field(default_factory=list)
    traps: list[TrapResult] = field(default_factory=list)
    races: list[RaceResult] = field(default_factory=list)
    replays: list[ReplayResult] = field(default_factory=list)
    noise: list[Noise] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    not_judged: list[str] = field(default_factory=list)
    not_tested: list[str] = field(default_factory=list)
    secrets: frozenset[str] = frozenset()

    @property
    def exchanges(self) -> int:
        """How many requests were sent to all targets of their stage."""
        return sum(stage.exchanges for stage in self.stages)

    @property
    def requests(self) -> int:
        """How many requests were sent, each target counted."""
        return sum(stage.requests for stage in self.stages)


def is_parity(finding: Finding) -> bool:
    """Whether a finding says that targets differ, and not that all of them break a rule alike."""
    if finding.category == CONFORMANCE:
        return False
    return finding.category == PARITY or finding.verdict != ALL_ALIKE


def untested(coverage: Coverage, noise: Sequence[Noise]) -> Iterator[str]:
    """What keeps a verdict from being about everything, in clauses."""
    sent = {name for name, record in coverage.operations.items() if record.requests}
    operations = [op for name, op in coverage.document.operations.items() if name in sent]
    refused = [op for op in operations if not has_succeeded(coverage, op.name)]
    guarded = [op for op in operations if op.requires_auth]
    if not sent:
        yield "nothing was sent"
    elif guarded and all(op in refused for op in guarded):
        yield "nothing behind the log-in: no operation that asks for it ever succeeded everywhere"
    elif operations and len(refused) == len(operations):
        yield "no operation ever succeeded everywhere"
    elif refused:
        names = [op.name for op in refused]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"{', '.join(names[:_NAMED])}{more} never succeeded everywhere"
    places = {(one.operation, one.where) for one in noise}
    if places:
        yield f"{len(places)} members that change with each answer"


def is_nothing_tested(coverage: Coverage) -> bool:
    """Whether nothing succeeded on every target, or nothing of what asks for a log-in."""
    sent = {name for name, record in coverage.operations.items() if record.requests}
    operations = [op for name, op in coverage.document.operations.items() if name in sent]
    guarded = [op for op in operations if op.requires_auth]
    if not sent:
        return True
    succeeded = {op.name for op in operations if has_succeeded(coverage, op.name)}
    if operations and not succeeded:
        return True
    return bool(guarded) and not any(op.name in succeeded for op in guarded)


def has_succeeded(coverage: Coverage, name: str) -> bool:
    """Whether every target answered an operation with less than 400, or so its document says."""
    seen = coverage.operations[name].statuses
    documented = [status for status in coverage.document.operations[name].statuses if status < 400]
    if not documented and not any(status < 400 for counts in seen.values() for status in counts):
        # The document knows of no success.
        return bool(seen) and bool(coverage.document.operations[name].statuses)
    return bool(seen) and all(any(status < 400 for status in counts) for counts in seen.values())
