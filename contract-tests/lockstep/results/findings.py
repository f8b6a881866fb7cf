"""Collects what was found, one bucket for one cause."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from lockstep.matching import Difference
from lockstep.results.known_differences import KnownDifference
from lockstep.results.trace import Exchange, Trace

PARITY = "parity"
CONFORMANCE = "conformance"
STORY = "story"
TRAP = "trap"
RACE = "race"
# A bucket stops looking for a shorter sequence after so many occurrences.
MAX_SEQUENCES = 50


@dataclass(slots=True)
class Finding:
    """One bucket: everything that differs in the same way at the same place.

    `category` is `parity`, `conformance`, `story`, `trap` or `race`; `values` says what each target
    showed, by target name; `targets` names the ones at fault, for parity all that were compared.
    `sequence` is the shortest list of requests seen to lead to it, the failing one last;
    `reproduced` says whether it led there again, where that was tried. `lately` is what was sent
    before it was seen first, whether it matters or not. `consequences` counts what differed only
    because this had come before.

    The rest is worked out when the run ends: `verdict` (the class) is `NAME wrong` with the names
    of the targets at fault, `all wrong alike`, `all wrong` or `document silent`; `severity` is 0
    to 100; `sentence` says for people what was seen, `silence` which sentence the document lacks,
    `breaks` holds the findings on conformance that have the same cause, and `also` those of other
    operations that show the same member or header in the same way.
    """

    category: str
    operation: str
    kind: str
    where: str
    targets: tuple[str, ...]
    values: dict[str, str]
    sequence: list[Exchange] = field(default_factory=list)
    lately: list[Exchange] = field(default_factory=list, repr=False)
    count: int = 1
    stage: str = ""
    reproduced: bool | None = None
    consequences: int = 0
    verdict: str = ""
    at_fault: tuple[str, ...] = ()
    severity: int = 0
    sentence: str = ""
    silence: str = ""
    breaks: list[Finding] = field(default_factory=list)
    also: list[Finding] = field(default_factory=list)

    def merge(self, other: Finding) -> None:
        """Count another occurrence, at the same targets or at further ones."""
        self.count += 1
        self.values = {**other.values, **self.values}
        self.targets = tuple(dict.fromkeys((*self.targets, *other.targets)))

    def shorten(self, sequence: list[Exchange], values: Mapping[str, str]) -> None:
        """Keep the shorter sequence, and what it showed."""
        if len(sequence) < len(self.sequence):
            self.sequence = sequence
            self.values = {**self.values, **values}


class Findings:
    """All findings of a run; known differences are counted on their entries instead."""

    def __init__(self, known: list[KnownDifference]) -> None:
        self.known = known
        self._buckets: dict[tuple[str, str, str, str], Finding] = {}
        self._lock = threading.Lock()
        self.stage = ""

    def __len__(self) -> int:
        return len(self._buckets)

    def all(self) -> list[Finding]:
        """Every bucket, shortest sequence first."""
        return sorted(self._buckets.values(), key=lambda found: len(found.sequence))

    def since(self, count: int) -> list[Finding]:
        """The buckets beyond the first `count`, in the order in which they were found."""
        return list(self._buckets.values())[count:]

    def add_difference(
        self, exchange: Exchange, difference: Difference, names: tuple[str, str], trace: Trace
    ) -> bool:
        """Record a parity finding between two targets; false for a known difference."""
        values = dict(zip(names, (difference.left, difference.right), strict=True))
        label, kind, where = exchange.label, difference.kind, difference.where
        finding = Finding(PARITY, label, kind, where, names, values)
        return self._add(finding, lambda: trace.sequence(exchange), trace.lately)

    def add_violation(
        self,
        exchange: Exchange,
        kind: str,
        where: str,
        values: Mapping[str, str],
        trace: Trace,
        *,
        category: str = CONFORMANCE,
    ) -> bool:
        """Record what targets did against the document or a story; false for a known one."""
        targets = tuple(values)
        finding = Finding(category, exchange.label, kind, where, targets, dict(values))
        return self._add(finding, lambda: trace.sequence(exchange), trace.lately)

    def add(self, finding: Finding) -> bool:
        """Record what no sequence of requests shows, as a trap or a race does."""
        return self._add(finding, list)

    def add_consequence(self, origin: tuple[str, str, str]) -> None:
        """Count what differs only because a difference came before: (operation, kind, where)."""
        with self._lock:
            found = self._buckets.get((PARITY, *origin))
            if found is not None:
                found.consequences += 1

    def problems(self) -> list[str]:
        """What is wrong with the list of known differences itself."""
        today = date.today()
        return [text for entry in self.known if (text := entry.problem(today)) is not None]

    def _add(
        self,
        finding: Finding,
        sequence: Callable[[], list[Exchange]],
        lately: Callable[[], list[Exchange]] = list,
    ) -> bool:
        with self._lock:
            for entry in self.known:
                if entry.covers(finding.operation, finding.kind, finding.where):
                    entry.seen += 1
                    return False
            key = (finding.category, finding.operation, finding.kind, finding.where)
            known = self._buckets.get(key)
            if known is None:
                finding.sequence, finding.lately = sequence(), lately()
                finding.stage = self.stage
                self._buckets[key] = finding
            else:
                known.merge(finding)
                if known.count <= MAX_SEQUENCES:
                    known.shorten(sequence(), finding.values)
            return True
