"""The findings of a run: one for each difference under one set of conditions."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import unquote_plus

from lockstep.matching import Difference
from lockstep.results.conditions import Condition, Conditions
from lockstep.results.exchange import Exchange
from lockstep.results.grounding import is_grounded
from lockstep.results.known_differences import KnownDifference
from lockstep.results.signatures import Observation, Signature
from lockstep.results.trace import Trace
from lockstep.results.tried import Tried

PARITY = "parity"
# Category of differences in side effects: database rows, statements and calls.
EFFECTS = "effects"
# Categories found by comparing targets with each other, request by request.
COMPARED = frozenset({PARITY, EFFECTS})
CONFORMANCE = "conformance"
STORY = "story"
TRAP = "trap"
RACE = "race"
# Kind of a race lost in so few rounds that the choice of the target may be chance.
BY_CHANCE = "not significant"
# The shortest sequences kept for one finding: one of them may fail to reproduce it.
MAX_EXEMPLARS = 4
# Number of occurrences after which a finding stops looking for a shorter sequence.
MAX_SEQUENCES = 50
UNSIGNED = Signature("", "", "")


@dataclass(frozen=True, slots=True)
class Place:
    """An operation and a place in its responses that show a finding, and the number of times."""

    operation: str
    where: str
    count: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The most similar steps without the difference; `changed` describes what differs in them."""

    changed: str
    sequence: tuple[Exchange, ...]


@dataclass(slots=True)
class Finding:
    """All occurrences of one difference under the same conditions.

    `category` is `parity`, `effects`, `conformance`, `story`, `trap` or `race`; `values` has what
    each target responded or did, by target name; `targets` names those at fault, for parity and
    effects all that were compared.

    `signature` is what differs, `conditions` are those of the request that matter; `places` are all
    operations that show it. `differences` are those of one response that belong to the same fact.
    `sequence` is the shortest list of requests seen to lead to it, the failing one last, and
    `exemplars` are others; `reproduced` is whether it led there again from an empty state, `None`
    if not tried, and `neighbour` is a similar sequence that does not. `lately` has the exchanges
    before the first occurrence, relevant or not. `also` are further places that differ wherever
    this one does, and in the same way. `effect_of` names the write that must come first, `cause`
    the value or header field without which it does not show, where that was proved.

    The rest is computed at the end of the run: `verdict` (the class) is `NAME wrong` with the names
    of the targets at fault, `all wrong alike`, `all wrong`, `document silent` or `effects`;
    `severity` is 0 to 100; `sentence` is the description for people, `silence` the sentence that
    the document lacks, and `breaks` has the conformance findings with the same cause.
    """

    category: str
    operation: str
    kind: str
    where: str
    targets: tuple[str, ...]
    values: dict[str, str]
    sequence: list[Exchange] = field(default_factory=list)
    exemplars: list[list[Exchange]] = field(default_factory=list, repr=False)
    lately: list[Exchange] = field(default_factory=list, repr=False)
    trace: Trace | None = field(default=None, repr=False)
    signature: Signature = UNSIGNED
    conditions: Conditions = ()
    differences: tuple[Difference, ...] = ()
    places: list[Place] = field(default_factory=list)
    count: int = 1
    stage: str = ""
    reproduced: bool | None = None
    neighbour: Neighbour | None = None
    also: tuple[str, ...] = ()
    effect_of: str = ""
    cause: Condition | None = None
    verdict: str = ""
    at_fault: tuple[str, ...] = ()
    severity: int = 0
    sentence: str = ""
    silence: str = ""
    breaks: list[Finding] = field(default_factory=list)

    def merge(self, other: Finding) -> None:
        """Count another occurrence, on the same targets or on further ones."""
        self.count += 1
        self.values = {**other.values, **self.values}
        self.targets = tuple(dict.fromkeys((*self.targets, *other.targets)))

    def keep(self, sequence: list[Exchange], values: Mapping[str, str]) -> None:
        """Keep a further sequence if it is among the best; the best one becomes the finding's own.

        Short sequences are good; those that do not depend on leftovers of others are better.
        """
        self.exemplars = sorted([*self.exemplars, sequence], key=_leaning)[:MAX_EXEMPLARS]
        if self.exemplars[0] is sequence:
            self.sequence = sequence
            self.values = {**self.values, **values}


class Findings:
    """All findings of a run; known differences are counted on their entries instead."""

    def __init__(self, known: list[KnownDifference]) -> None:
        self.known = known
        self.tried = Tried()
        self.excused: Counter[str] = Counter()
        self._found: dict[tuple[object, ...], Finding] = {}
        self._lock = threading.Lock()
        self.stage = ""

    def __len__(self) -> int:
        return len(self._found)

    def all(self) -> list[Finding]:
        """Return all findings, shortest sequence first."""
        return sorted(self._found.values(), key=lambda found: len(found.sequence))

    def since(self, count: int) -> list[Finding]:
        """Return the findings after the first `count`, in the order in which they were found."""
        return list(self._found.values())[count:]

    def add_observation(
        self,
        exchange: Exchange,
        observation: Observation,
        names: tuple[str, str],
        trace: Trace,
        category: str = PARITY,
    ) -> bool:
        """Record a difference between two targets. Returns false if it is a known one."""
        first = observation.differences[0]
        finding = Finding(
            category,
            exchange.label,
            first.kind,
            first.where,
            names,
            dict(zip(names, (first.left, first.right), strict=True)),
            signature=observation.signature,
            conditions=_conditions(exchange, observation),
            differences=observation.differences,
        )
        return self._add(finding, exchange, trace)

    def add_violation(
        self,
        exchange: Exchange,
        kind: str,
        where: str,
        values: Mapping[str, str],
        trace: Trace,
        *,
        category: str = CONFORMANCE,
        steps: list[Exchange] | None = None,
    ) -> bool:
        """Record a violation of the document or of a story. Returns false if it is a known one.

        `steps` lead to it; by default the trace supplies them.
        """
        targets = tuple(values)
        finding = Finding(
            category,
            exchange.label,
            kind,
            where,
            targets,
            dict(values),
            signature=Signature(kind, where, ""),
            sequence=steps or [],
        )
        return self._add(finding, exchange, trace)

    def add(self, finding: Finding) -> bool:
        """Record a finding without a sequence of requests, as of a trap or a race."""
        return self._add(finding)

    def note(self, exchange: Exchange, trace: Trace) -> None:
        """Count an exchange by its conditions, whether anything differs or not."""
        with self._lock:
            self.tried.note(exchange, lambda: trace.sequence(exchange, writes=False))

    def drop(self, finding: Finding, cause: str) -> None:
        """Remove a finding that only follows from another one, and count it by its cause."""
        with self._lock:
            self._found = {k: one for k, one in self._found.items() if one is not finding}
        self.excuse(cause, finding.count)

    def excuse(self, cause: str, count: int = 1) -> None:
        """Count differences due to diverged states; `cause` is the reason as text."""
        with self._lock:
            self.excused[cause] += count

    def problems(self) -> list[str]:
        """Return the problems of the list of known differences itself."""
        today = date.today()
        return [text for entry in self.known if (text := entry.problem(today)) is not None]

    def _add(
        self, finding: Finding, exchange: Exchange | None = None, trace: Trace | None = None
    ) -> bool:
        with self._lock:
            for entry in self.known:
                if entry.covers(finding.operation, finding.kind, finding.where):
                    entry.seen += 1
                    if exchange is not None:
                        exchange.known += 1
                    return False
            key = (
                *(finding.category, finding.operation, finding.kind, finding.where),
                *(finding.signature, finding.conditions if _depends(finding) else ()),
            )
            known = self._found.get(key)
            if exchange is not None:
                exchange.findings.append(known or finding)
            if known is None:
                if exchange is not None and trace is not None:
                    finding.trace, finding.lately = trace, trace.lately()
                    finding.sequence = finding.sequence or trace.sequence(exchange)
                    finding.exemplars = [finding.sequence]
                finding.stage = self.stage
                self._found[key] = finding
            else:
                known.merge(finding)
                if exchange is None or trace is None or known.count > MAX_SEQUENCES:
                    return True
                if known.reproduced is None and not finding.sequence:
                    known.keep(trace.sequence(exchange), finding.values)
            return True


def _conditions(exchange: Exchange, observation: Observation) -> Conditions:
    """Return the conditions that may matter: query parameters for a list, else all."""
    if observation.signature.kind != "list":
        return exchange.conditions
    query = exchange.request.path.partition("?")[2]
    names = {unquote_plus(pair.partition("=")[0]) for pair in query.split("&") if pair}
    return tuple(Condition("parameter", name) for name in sorted(names))


def _leaning(sequence: list[Exchange]) -> tuple[bool, int]:
    return not is_grounded(sequence), len(sequence)


def _depends(finding: Finding) -> bool:
    """Whether the difference depends on the request, not just on a part of the response."""
    return finding.signature.kind in ("status", "outcome", "list")
