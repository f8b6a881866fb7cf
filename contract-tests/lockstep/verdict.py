"""What a run comes to."""

from __future__ import annotations

from dataclasses import dataclass, field

from lockstep.drivers.races.driver import RaceResult
from lockstep.drivers.stories.player import StoryResult
from lockstep.drivers.traps.raw import TrapResult
from lockstep.matching.noise import Noise
from lockstep.matching.rules import Rule
from lockstep.results.coverage import Coverage, Missing
from lockstep.results.findings import Finding
from lockstep.results.known_differences import KnownDifference

ALIKE, DIVERGED, COULD_NOT_RUN = 0, 1, 2


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
    """How a run ended.

    `exit_code` is 0 when the targets are alike, 1 when they are not, conform less than they should
    or were not looked at in full, 2 when the run could not be done. `not_judged` and `not_tested`
    say in words what could not be held against each other, and what was never sent or seen, `notes`
    what was found out about the targets, such as how users log in.
    `secrets` are texts that no report may show.
    """

    exit_code: int
    findings: list[Finding]
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
