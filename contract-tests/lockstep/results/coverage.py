"""What of the document a run has reached: operations, statuses, and the parts of the input."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lockstep.openapi.document import Document
from lockstep.openapi.inputs import CATEGORIES, Inputs, inputs_of
from lockstep.transport.messages import Request

SHOWN_NAMES = 12


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
        self.inputs: dict[str, Inputs] = {
            name: inputs_of(document, operation) for name, operation in document.operations.items()
        }

    def sent(self, operation: str, request: Request) -> None:
        """Note what a request carried of the documented input."""
        if operation in self.inputs:
            self.inputs[operation].note(request, authorised=request.actor is not None)

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

    def not_tested(self) -> list[str]:
        """What was never sent or seen, operation by operation, in words."""
        lines = []
        for name, operation in self.document.operations.items():
            called = f"`{operation.method} {operation.path}`"
            if not self.operations[name].requests:
                lines.append(f"{called} was never sent.")
                continue
            lines += [f"{called}: {text}." for text in self._gaps(name)]
        return lines

    def _gaps(self, name: str) -> Iterator[str]:
        seen = self.operations[name].statuses
        every = self.document.operations[name].statuses
        lacking = [str(status) for status in every if not all(s[status] for s in seen.values())]
        if lacking:
            yield f"not seen from every target: {', '.join(lacking)}"
        for category in CATEGORIES:
            unseen = self.inputs[name].unseen(category)
            if unseen:
                more = f" and {len(unseen) - SHOWN_NAMES} more" if len(unseen) > SHOWN_NAMES else ""
                yield f"{_NEVER[category]}: {', '.join(unseen[:SHOWN_NAMES])}{more}"


_NEVER = {
    "parameters": "parameters never sent",
    "values": "values never sent",
    "members": "body members never sent",
    "keywords": "bounds never tried",
    "media_types": "media types never sent",
    "credentials": "never sent",
}
