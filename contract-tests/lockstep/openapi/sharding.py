"""Divides a run into shards that several machines can execute in parallel."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lockstep.openapi.operations import Operation

T = TypeVar("T")

_FORM = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")
# Operations with similar paths form groups of at most this fraction of a shard's fair share: the
# largest fraction for which no shard exceeds its fair share by more than `_UNEVEN`.
_TOGETHER = (1.0, 0.5, 0.25, 0.1)
_UNEVEN = 1.3


@dataclass(frozen=True, slots=True)
class Shard:
    """Shard `number`, counted from 1, of a run that is divided into `of` shards."""

    number: int = 1
    of: int = 1

    @classmethod
    def read(cls, text: str) -> Shard:
        """Parse a shard such as `2/5`; raise `ValueError` if the text is invalid."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a shard: write NUMBER/TOTAL, such as 2/5")
        number, of = map(int, match.groups())
        if not 1 <= number <= of:
            known = f"shards are numbered from 1/{of} to {of}/{of}"
            raise ValueError(f"there is no shard {text}: {known}" if of else f"{text}: no shards")
        return cls(number, of)

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def is_whole(self) -> bool:
        """Whether the run is not divided."""
        return self.of == 1

    def part(self, total: int) -> int:
        """Return this shard's part of a total; the first shards get the remainder."""
        return len(range(self.number - 1, total, self.of))

    def deal(self, things: Sequence[T], weight: Callable[[T], float] = lambda _: 1.0) -> list[T]:
        """Return this shard's items in their order, so that all shards have similar weights."""
        loads = [0.0] * self.of
        mine = []
        # Greedy: the heaviest item first, each to the shard with the smallest load.
        for at in sorted(range(len(things)), key=lambda each: -weight(things[each])):
            least = min(range(self.of), key=lambda each: loads[each])
            loads[least] += weight(things[at])
            if least == self.number - 1:
                mine.append(at)
        return [things[at] for at in sorted(mine)]


WHOLE = Shard()


@dataclass(frozen=True, slots=True)
class Share:
    """The work of a shard: the operations that it owns, distributed by cost.

    `owned` contains the names of the operations; it is empty for an undivided run, unless only some
    operations are selected.
    """

    shard: Shard = WHOLE
    owned: frozenset[str] = frozenset()

    @classmethod
    def of(cls, shard: Shard, operations: Sequence[Operation], costs: Mapping[str, float]) -> Share:
        """Return the share of a shard; `costs` maps operations to their costs in any unit.

        Operations with similar paths stay in one shard as far as the loads remain even; otherwise
        each shard would have to create the same resources.
        """
        fair = sum(costs[one.name] for one in operations) / shard.of

        def cost(group: Sequence[Operation]) -> float:
            return sum(costs[one.name] for one in group)

        dealt: list[list[Operation]] = []
        for part in _TOGETHER:
            groups = list(_groups(operations, costs, part * fair, 1))
            every = [
                Shard(number, shard.of).deal(groups, cost) for number in range(1, shard.of + 1)
            ]
            dealt = [[one for group in mine for one in group] for mine in every]
            if max(map(cost, dealt)) <= _UNEVEN * fair:
                break
        return cls(shard, frozenset(one.name for one in dealt[shard.number - 1]))

    @property
    def is_whole(self) -> bool:
        """Whether it includes all operations."""
        return self.shard.is_whole and not self.owned

    def owns(self, operation: str) -> bool:
        """Whether an operation, or an undocumented request, is tested by this shard."""
        return self.is_whole or operation in self.owned


def _groups(
    operations: Sequence[Operation], costs: Mapping[str, float], most: float, depth: int
) -> Iterator[list[Operation]]:
    """Yield groups of operations with similar paths that cost no more than `most` each."""
    cost = sum(costs[one.name] for one in operations)
    paths = {one.path for one in operations}
    if cost <= most or len(operations) == 1:
        yield list(operations)
        return
    if len(paths) == 1:
        yield from ([one] for one in operations)
        return
    below: dict[str, list[Operation]] = {}
    for operation in operations:
        segments = operation.path.strip("/").split("/")
        below.setdefault("/".join(segments[:depth]), []).append(operation)
    together: list[Operation] = []
    for group in below.values():
        if sum(costs[one.name] for one in (*together, *group)) <= most:
            together += group
            continue
        if together:
            yield together
        together = []
        if sum(costs[one.name] for one in group) <= most:
            together = group
        else:
            yield from _groups(group, costs, most, depth + 1)
    if together:
        yield together
