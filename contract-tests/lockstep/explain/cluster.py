"""Findings with the same cause."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lockstep.results.conditions import Conditions
from lockstep.results.findings import Finding

# Conditions on what was sent before.
OF_THE_PAST = frozenset({"second time", "duplicate"})
# A key to group findings by.
Key = tuple[Hashable, ...]
# Relations of two values that may be coincidental.
VAGUE = frozenset({"other", "cut", "empty", "null", "number", "text"})


@dataclass(slots=True)
class Cluster:
    """Findings with one cause; `conditions` are those that they share.

    `also` are places that always differ together with that of the chosen finding. A cluster that
    shows `seldom` without conditions does not explain others that show under a condition.
    """

    findings: list[Finding]
    conditions: Conditions = ()
    operations: set[str] = field(default_factory=set)
    also: tuple[str, ...] = ()
    seldom: bool = False
    # Remains the representative, whatever is absorbed later.
    leading: Finding | None = None

    def __post_init__(self) -> None:
        self.operations = {finding.operation for finding in self.findings}

    @property
    def holds_for_all(self) -> bool:
        """Whether plain requests differ that the leader accepts.

        A leader that refuses a user refuses whatever the user sends.
        """
        plain = (each for each in self.findings if not each.conditions)
        return any(
            each.signature.kind != "status"
            or next(iter(each.values.values()), "").startswith(("2", "401", "403"))
            for each in plain
        )

    @property
    def count(self) -> int:
        """The number of occurrences."""
        return sum(finding.count for finding in self.findings)

    def absorb(self, other: Cluster) -> None:
        """Take over the findings of another cluster."""
        self.findings += other.findings
        self.operations |= other.operations

    @property
    def chosen(self) -> Finding:
        """The representative: a reproduced finding, else the plainest."""
        return self.leading or min(self.findings, key=plainest_first)


def into(
    clusters: Iterable[Cluster],
    causes: Sequence[Cluster],
    follows: Callable[[Cluster, Cluster], bool],
) -> Iterator[Cluster]:
    """Fold each cluster that follows from another one into that; its representative stays."""
    for one in clusters:
        known = next((each for each in causes if each is not one and follows(one, each)), None)
        if known is None:
            yield one
        else:
            known.leading = known.chosen
            known.absorb(one)


def into_earlier(
    clusters: Iterable[Cluster], follows: Callable[[Cluster, Cluster], bool]
) -> list[Cluster]:
    """Fold each cluster that follows from an earlier one into that, and return the others."""
    kept: list[Cluster] = []
    for one in into(clusters, kept, follows):
        kept.append(one)  # noqa: PERF402 - each is a possible cause of those after it
    return kept


def one_per_key(
    clusters: Iterable[Cluster],
    key: Callable[[Cluster], Key | None],
    order: Callable[[Cluster], Any] = lambda one: plainest_first(one.chosen),
) -> Iterator[Cluster]:
    """Fold clusters with the same key into the first in an order; its representative stays."""
    first: dict[Key, Cluster] = {}
    for one in sorted(clusters, key=order):
        found = key(one)
        if found is not None and found in first:
            first[found].absorb(one)
            continue
        if found is not None:
            first[found] = one
            one.leading = one.chosen
        yield one


def both_refuse(finding: Finding) -> bool:
    """Whether every target responds with a 4xx."""
    return all(value[:1] == "4" for value in finding.values.values())


def plainest_first(finding: Finding) -> tuple[bool, bool, bool, bool, int, int, int]:
    """Return a sort key for findings: reproduced ones first, then the plainest with evidence."""
    return (
        finding.reproduced is not True,
        not finding.sequence,
        # Inherited from another finding's proof.
        finding.cause is not None and finding.neighbour is None,
        finding.kind in ("length", "elements"),
        len(finding.conditions),
        len(finding.sequence),
        -finding.count,
    )
