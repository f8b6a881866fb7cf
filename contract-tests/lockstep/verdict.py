"""The verdict of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lockstep.drivers.races.driver import RaceResult
from lockstep.drivers.replay.results import ReplayResult
from lockstep.drivers.stories.player import StoryResult
from lockstep.drivers.traps.raw import TrapResult
from lockstep.explain.attribution import ALL_ALIKE
from lockstep.matching.noise import Noise
from lockstep.matching.rules import Rule
from lockstep.openapi.sharding import Share
from lockstep.results.coverage import Coverage, Missing
from lockstep.results.findings import BY_CHANCE, COMPARED, CONFORMANCE, Finding
from lockstep.results.known_differences import KnownDifference
from lockstep.results.tried import Tried

ALIKE, DIVERGED, COULD_NOT_RUN = 0, 1, 2
PARITY_WORDS = ("alike", "not alike", "not tested", "could not run")
KEPT, BROKEN = "kept", "broken"
FAIL_ON = ("parity", "conformance", "any")
# Maximum number of names in the line of the verdict.
_NAMED = 4


@dataclass(slots=True)
class Stage:
    """One part of a run: its targets, its mode, and its counts."""

    title: str
    targets: tuple[str, ...]
    mode: str
    exchanges: int = 0
    requests: int = 0
    seconds: float = 0.0
    findings: int = 0
    stories: list[StoryResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Part:
    """The data needed to merge the verdicts of several shards.

    `observed` are the findings before those of one cause were merged, each with the finding that
    represents it; `tried` counts how often a condition made no difference.
    """

    share: Share
    observed: Sequence[tuple[Finding, Finding]]
    tried: Tried


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a run: statements on parity, on conformance, and on what was not tested.

    `parity` is one of `alike`, `not alike`, `not tested` and `could not run`; `conformance` is
    `kept` or `broken`; `untested` are clauses for the line of the verdict. `exit_code` is 0, 1 for
    a failure of what `fail_on` (`parity`, `conformance` or `any`) selects, 2 if nothing was tested
    or the run is incomplete.

    `seen_once` are findings that could not be reproduced: they do not count. `excused` counts
    differences that only follow from diverged states, by cause. `not_judged` and `not_tested` are
    sentences on what could not be compared, and what was never sent or seen, `notes` on what was
    discovered about the targets, such as how users log in. `secrets` are texts that no report may
    show, and `masking` removes data of real users from the data of a report. `part` is set for a
    shard.
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
    masking: Callable[[Any], Any] | None = None
    part: Part | None = None

    @property
    def exchanges(self) -> int:
        """The number of requests sent to all targets of their stage."""
        return sum(stage.exchanges for stage in self.stages)

    @property
    def requests(self) -> int:
        """The number of requests sent, counted for each target."""
        return sum(stage.requests for stage in self.stages)


def is_parity(finding: Finding) -> bool:
    """Whether a finding is a difference between targets, not an equal violation by all."""
    if finding.category == CONFORMANCE or finding.kind == BY_CHANCE:
        return False
    return finding.category in COMPARED or finding.verdict != ALL_ALIKE


@dataclass(frozen=True, slots=True)
class Reached:
    """The status codes of one operation in a run, counted by target.

    `documented` are the status codes documented individually, `None` if the operation is not
    documented itself; a `guarded` one requires a log-in.
    """

    name: str
    guarded: bool
    documented: Sequence[int] | None
    exchanges: int
    seen: Mapping[str, Mapping[int, int]]

    @property
    def succeeded(self) -> bool:
        """Whether every target responded with success, or as documented if no success is."""
        documented = any(status < 400 for status in self.documented or ())
        answered = any(
            map(self._is_success, (each for counts in self.seen.values() for each in counts))
        )
        if not documented and not answered:
            # The document has no successful response.
            return bool(self.seen) and bool(self.documented)
        return bool(self.seen) and all(
            any(map(self._is_success, counts)) for counts in self.seen.values()
        )

    def _is_success(self, status: int) -> bool:
        """Whether a status code is a success; a redirect instead of a documented 2xx is none.

        Servers redirect to a page for the log-in.
        """
        codes = self.documented or ()
        instead = any(code < 300 for code in codes) and not any(300 <= code < 400 for code in codes)
        return status < 300 or (status < 400 and (status == 304 or not instead))


def reached(coverage: Coverage) -> list[Reached]:
    """Return what was reached of every operation, documented ones first."""
    operations = coverage.document.operations
    found = []
    for name in dict.fromkeys([*operations, *coverage.operations]):
        operation, record = operations.get(name), coverage.operations[name]
        guarded = operation is not None and operation.requires_auth
        documented = operation.statuses if operation is not None else None
        found.append(Reached(name, guarded, documented, record.requests, record.statuses))
    return found


def untested(every: Iterable[Reached], changing: int = 0) -> Iterator[str]:
    """Yield clauses on the limitations of a verdict.

    `changing` is the number of members that change on each request to a target.
    """
    every_sent = [one for one in every if one.exchanges]
    sent = [one for one in every_sent if one.documented is not None]
    refused = [one for one in sent if not one.succeeded]
    guarded = [one for one in sent if one.guarded]
    if not every_sent:
        yield "no requests were sent"
    elif guarded and all(one in refused for one in guarded):
        yield "no operation that requires a login ever succeeded on all targets"
    elif sent and len(refused) == len(sent):
        yield "no operation ever succeeded on all targets"
    elif refused:
        names = [one.name for one in refused]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"{', '.join(names[:_NAMED])}{more} never succeeded on all targets"
    if changing:
        yield f"{changing} members that change with each response"


def changing(noise: Iterable[Noise]) -> int:
    """Return the number of members that change on each request to a target."""
    return len({(one.operation, one.where) for one in noise})


def is_nothing_tested(every: Iterable[Reached]) -> bool:
    """Whether nothing succeeded on every target, or nothing that requires a log-in."""
    every_sent = [one for one in every if one.exchanges]
    sent = [one for one in every_sent if one.documented is not None]
    guarded = [one for one in sent if one.guarded]
    if not every_sent or (sent and not any(one.succeeded for one in sent)):
        return True
    return bool(guarded) and not any(one.succeeded for one in guarded)


def parity_of(*, failed: bool, differ: bool, nothing: bool) -> str:
    """Return the one of `PARITY_WORDS` for a run."""
    if failed:
        return "could not run"
    if differ:
        return "not alike"
    return "not tested" if nothing else "alike"


def exit_code_of(parity: str, fail_on: str, *, broken: bool) -> int:
    """Return the exit code for one of `PARITY_WORDS`, and whether the document was violated."""
    if parity in ("could not run", "not tested"):
        return COULD_NOT_RUN
    differ = parity == "not alike"
    asked = {"parity": differ, "conformance": broken, "any": broken or differ}
    return DIVERGED if asked[fail_on] else ALIKE
