"""Divides the work of a run among several that play it at once, each on a machine of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lockstep.openapi.operations import Operation

T = TypeVar("T")

_FORM = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")
# Operations stay together up to such a part of what a shard has to do, if none has then to do more
# than so much of that.
_TOGETHER = (1.0, 0.5, 0.25, 0.1)
_UNEVEN = 1.3


@dataclass(frozen=True, slots=True)
class Shard:
    """The part `number`, counted from 1, of a run that is divided into `of` parts."""

    number: int = 1
    of: int = 1

    @classmethod
    def read(cls, text: str) -> Shard:
        """Read `2/5`; `ValueError` says what is wrong with another text."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no shard: write which one of how many, such as 2/5")
        number, of = map(int, match.groups())
        if not 1 <= number <= of:
            told = f"of {of} shards the first is 1/{of} and the last {of}/{of}"
            raise ValueError(f"there is no shard {text}: {told}" if of else f"{text}: no shards")
        return cls(number, of)

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def is_whole(self) -> bool:
        """Whether this is all of the run."""
        return self.of == 1

    def part(self, total: int) -> int:
        """This shard's part of a number; the first shards get what cannot be divided."""
        return len(range(self.number - 1, total, self.of))

    def deal(self, things: Sequence[T], weight: Callable[[T], float] = lambda _: 1.0) -> list[T]:
        """This shard's things in their order, so that all shards have much the same weight."""
        loads = [0.0] * self.of
        mine = []
        # The heaviest first: each goes to who has least.
        for at in sorted(range(len(things)), key=lambda each: -weight(things[each])):
            least = min(range(self.of), key=lambda each: loads[each])
            loads[least] += weight(things[at])
            if least == self.number - 1:
                mine.append(at)
        return [things[at] for at in sorted(mine)]


WHOLE = Shard()


@dataclass(frozen=True, slots=True)
class Share:
    """What falls to a shard: things in turn, and operations by what they cost.

    `owned` names the operations; of a whole run there is no need to ask, unless some were chosen.
    """

    shard: Shard = WHOLE
    owned: frozenset[str] = frozenset()

    @classmethod
    def of(cls, shard: Shard, operations: Sequence[Operation], costs: Mapping[str, float]) -> Share:
        """The share of a shard; `costs` has what trying each operation takes, in any unit.

        Those with like paths are one shard's as far as all have much the same to do: else each
        would have to make what the others need.
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
        """Whether all operations fall to it."""
        return self.shard.is_whole and not self.owned

    def owns(self, operation: str) -> bool:
        """Whether an operation, or what is not documented, is tried by this shard."""
        return self.is_whole or operation in self.owned


def _groups(
    operations: Sequence[Operation], costs: Mapping[str, float], most: float, depth: int
) -> Iterator[list[Operation]]:
    """Operations with like paths, as long as they cost no more than `most`."""
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
