"""What of the document a run has reached: operations, statuses, and the parts of the input."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lockstep.openapi.document import Document
from lockstep.openapi.inputs import CATEGORIES, Inputs, inputs_of
from lockstep.openapi.sharding import Shard, Share
from lockstep.transport.messages import Request

SHOWN_NAMES = 12
_ALL = Share()


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

    def __init__(self, document: Document, inputs: dict[str, Inputs] | None = None) -> None:
        """Read from the document which inputs there are, unless they are given."""
        self.document = document
        self.operations: dict[str, OperationRecord] = defaultdict(OperationRecord)
        self.targets: set[str] = set()
        if inputs is None:
            every = document.operations.items()
            inputs = {name: inputs_of(document, operation) for name, operation in every}
        self.inputs = inputs

    def share(self, shard: Shard, included: frozenset[str] = frozenset()) -> Share:
        """What of the document falls to a shard, so that all have much the same to do.

        Where there are `included` operations nothing is done for the sake of any other.
        """
        if shard.is_whole:
            return Share(shard, included)
        every = self.document.operations.values()
        chosen = [one for one in every if not included or one.name in included]
        return Share.of(shard, chosen, self.costs())

    def costs(self) -> dict[str, float]:
        """What trying each operation takes, in requests: more with each part of its input.

        As was measured on documents of several hundred operations.
        """
        parts = {name: sum(map(len, one.documented.values())) for name, one in self.inputs.items()}
        return {name: 30 + 22 * math.sqrt(min(count, 60)) for name, count in parts.items()}

    def sent(self, operation: str, request: Request, *, authorised: bool) -> None:
        """Note what a request carried of the documented input."""
        if operation in self.inputs:
            self.inputs[operation].note(request, authorised=authorised)

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
        seen = every - skipped - len(self.missing(exempt)) if self.targets else 0
        return seen, every - skipped

    def not_tested(self, share: Share = _ALL) -> list[str]:
        """What of a share was never sent or seen, operation by operation, in words."""
        lines: list[str] = []
        for name, operation in self.document.operations.items():
            if share.owns(name):
                called = f"{operation.method} {operation.path}"
                inputs = self.inputs[name]
                unseen = {category: inputs.unseen(category) for category in CATEGORIES}
                seen = self.operations[name].statuses
                sent = bool(self.operations[name].requests)
                lines += gaps(called, operation.statuses, seen if sent else None, unseen)
        return lines


def gaps(
    called: str,
    documented: Iterable[int],
    seen: Mapping[str, Mapping[int, int]] | None,
    unseen: Mapping[str, Sequence[str]],
) -> Iterator[str]:
    """What of an operation was never sent or seen, in words.

    `seen` counts the statuses by target, `None` if nothing was sent; `unseen` are the parts of
    the input by category.
    """
    if seen is None:
        yield f"`{called}` was never sent."
        return
    lacking = [each for each in documented if not all(one.get(each) for one in seen.values())]
    if lacking:
        yield f"`{called}`: not seen on every target: {', '.join(map(str, lacking))}."
    for category in CATEGORIES:
        names = unseen.get(category, ())
        if names:
            more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
            yield f"`{called}`: {_NEVER[category]}: {', '.join(names[:SHOWN_NAMES])}{more}."


_NEVER = {
    "parameters": "parameters never sent",
    "values": "values never sent",
    "members": "body members never sent",
    "keywords": "bounds never tried",
    "media_types": "media types never sent",
    "credentials": "never sent",
}
