"""Which documented statuses each target has shown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from lockstep.document import Document


@dataclass(slots=True)
class OperationRecord:
    """What was sent to one operation and what came back."""

    requests: int = 0
    differing: int = 0
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    nonconforming: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Missing:
    """A documented status that a target never answered with."""

    operation: str
    status: int
    targets: tuple[str, ...]


class Coverage:
    """Counts by operation, status and target name, over all stages of a run."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.operations: dict[str, OperationRecord] = defaultdict(OperationRecord)
        self.targets: set[str] = set()

    def saw(self, operation: str, target: str, status: int) -> None:
        """Count one answer; also for answers that another tool has seen."""
        self.targets.add(target)
        self.operations[operation].statuses[target][status] += 1

    def missing(self, exempt: Iterable[tuple[str, int]] = ()) -> list[Missing]:
        """The documented statuses that some target has not shown.

        `exempt` lists (operationId or `*`, status) pairs that need not be seen.
        """
        allowed = set(exempt)
        found = []
        for operation in self.document.operations.values():
            for status in operation.statuses:
                if {(operation.name, status), ("*", status)} & allowed:
                    continue
                seen = self.operations[operation.name].statuses
                lacking = tuple(name for name in sorted(self.targets) if not seen[name][status])
                if lacking:
                    found.append(Missing(operation.name, status, lacking))
        return found

    def totals(self, exempt: Iterable[tuple[str, int]] = ()) -> tuple[int, int]:
        """(documented statuses that every target has shown, all documented statuses)."""
        every = sum(len(operation.statuses) for operation in self.document.operations.values())
        allowed = set(exempt)
        skipped = sum(
            bool({(operation.name, status), ("*", status)} & allowed)
            for operation in self.document.operations.values()
            for status in operation.statuses
        )
        return every - skipped - len(self.missing(exempt)), every - skipped
