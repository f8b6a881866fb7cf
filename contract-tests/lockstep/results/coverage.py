"""Coverage of the document by a run: operations, status codes and parts of the input."""

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
    """The requests and responses of one operation."""

    requests: int = 0
    differing: int = 0
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    nonconforming: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Missing:
    """A documented status code that some targets never responded with."""

    operation: str
    status: int
    targets: tuple[str, ...]


class Coverage:
    """Counts by operation, status code and target name, over all stages of a run."""

    def __init__(self, document: Document, inputs: dict[str, Inputs] | None = None) -> None:
        """Derive the inputs from the document, unless they are given."""
        self.document = document
        self.operations: dict[str, OperationRecord] = defaultdict(OperationRecord)
        self.targets: set[str] = set()
        if inputs is None:
            every = document.operations.items()
            inputs = {name: inputs_of(document, operation) for name, operation in every}
        self.inputs = inputs

    def share(self, shard: Shard, included: frozenset[str] = frozenset()) -> Share:
        """Return the operations of a shard; shards are balanced by cost.

        If there are `included` operations, only they are distributed.
        """
        if shard.is_whole:
            return Share(shard, included)
        every = self.document.operations.values()
        chosen = [one for one in every if not included or one.name in included]
        return Share.of(shard, chosen, self.costs())

    def costs(self) -> dict[str, float]:
        """Return the estimated requests that each operation takes; grows with its number of inputs.

        Fitted to measurements on documents of several hundred operations.
        """
        parts = {name: sum(map(len, one.documented.values())) for name, one in self.inputs.items()}
        return {name: 30 + 22 * math.sqrt(min(count, 60)) for name, count in parts.items()}

    def sent(self, operation: str, request: Request, *, authorised: bool) -> None:
        """Note which documented inputs a request has used."""
        if operation in self.inputs:
            self.inputs[operation].note(request, authorised=authorised)

    def saw(self, operation: str, target: str, status: int) -> None:
        """Count one response; also for responses that another tool has received."""
        self.targets.add(target)
        self.operations[operation].statuses[target][status] += 1

    def missing(self, exempt: Iterable[tuple[str, int]] = ()) -> list[Missing]:
        """Return the documented status codes that some target has not responded with.

        `exempt` lists pairs of operationId (or `*`) and status code that are not required.
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
        """Return the numbers of documented status codes seen on every target, and of all."""
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
        """Return sentences on what was never sent or seen for the operations of a share."""
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
    """Yield sentences on what was never sent or seen for an operation.

    `seen` counts the status codes by target, `None` if nothing was sent; `unseen` has the unused
    parts of the input by category.
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
