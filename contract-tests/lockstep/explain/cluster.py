"""Findings that have one cause."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from lockstep.results.conditions import Conditions
from lockstep.results.findings import Finding

# What a request may have that is refused for its content.
INVALID = frozenset(
    {"media type", "no body", "unreadable body", "missing", "wrong type", "out of bounds"}
    | {"unknown member", "invalid"}
)
# What findings are put together by.
Key = tuple[Hashable, ...]
# How two values are related by chance.
VAGUE = frozenset({"other", "cut", "empty", "null", "number", "text"})


@dataclass(slots=True)
class Cluster:
    """Findings of one cause; `conditions` are what they have in common.

    `also` are places that differ wherever that of the chosen one does. What shows `seldom` where
    nothing stands out is no cause of what shows under a condition.
    """

    findings: list[Finding]
    conditions: Conditions = ()
    operations: set[str] = field(default_factory=set)
    also: tuple[str, ...] = ()
    seldom: bool = False
    # Stands for all, whatever is absorbed.
    leading: Finding | None = None

    def __post_init__(self) -> None:
        self.operations = {finding.operation for finding in self.findings}

    @property
    def holds_for_all(self) -> bool:
        """Whether requests differ in which nothing stands out, and which the leader takes.

        Whom it refuses for what he is, it refuses whatever he sends.
        """
        plain = (each for each in self.findings if not each.conditions)
        return any(
            each.signature.kind != "status"
            or next(iter(each.values.values()), "").startswith(("2", "401", "403"))
            for each in plain
        )

    @property
    def count(self) -> int:
        """How often it was seen."""
        return sum(finding.count for finding in self.findings)

    def absorb(self, other: Cluster) -> None:
        """Take over the findings of another cluster."""
        self.findings += other.findings
        self.operations |= other.operations

    @property
    def chosen(self) -> Finding:
        """The finding that stands for all: one that was reproduced, else the plainest."""
        return self.leading or min(self.findings, key=plainness)


def both_refuse(finding: Finding) -> bool:
    """Whether every target answers with a 4xx."""
    return all(value[:1] == "4" for value in finding.values.values())


def plainness(finding: Finding) -> tuple[bool, bool, bool, bool, int, int, int]:
    """A key to sort findings by: those that were shown again first, then the plainest.

    Of what was not kept nothing can be told.
    """
    return (
        finding.reproduced is not True,
        not finding.sequence,
        # What was proved for another one holds for this one too.
        finding.cause is not None and finding.neighbour is None,
        finding.kind in ("length", "elements"),
        len(finding.conditions),
        len(finding.sequence),
        -finding.count,
    )
