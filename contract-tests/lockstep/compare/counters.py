"""Recognises numbers that a server counts up with each resource that it creates.

Invoices, orders and members often have such a number beside their identifier: `INV-0007`. Once a
resource was created on one side only, all later numbers differ, which is no other difference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lockstep.matching.bounded_dict import BoundedDict

_NUMBERED = re.compile(r"(?P<before>.*?)(?P<number>[0-9]{1,15})(?P<after>[^0-9]*)", re.DOTALL)
# So many times in a row a number must have been one more than the last, on both sides.
_STEPS = 3
_KEPT = 1_000


@dataclass(slots=True)
class _Counter:
    """The last numbers of the two targets, and what was seen of them.

    `distance` is how far the partner is ahead; `seen` counts the disturbances up to the last pair.
    """

    tops: tuple[int, int]
    seen: int
    steps: int = 0
    distance: int = 0
    is_rising: bool = True
    # Whether the numbers of the last pair are those of one resource, though they differ.
    is_excused: bool = False

    def go_on(self, numbers: tuple[int, int], disturbances: int) -> None:
        """Record the numbers of the next resource, which are above the last ones."""
        distance = numbers[1] - numbers[0]
        is_counter = self.steps >= _STEPS
        has_reason = distance == self.distance or disturbances > self.seen
        self.is_excused = is_counter and distance != 0 and has_reason
        if not is_counter:
            is_next = all(one == top + 1 for one, top in zip(numbers, self.tops, strict=True))
            self.steps = self.steps + 1 if is_next and distance == 0 else 0
        self.tops, self.distance, self.seen = numbers, distance, disturbances


class Counters:
    """The numbers of created resources, of all pairs of targets in one run.

    Two targets that have counted alike may only come apart by a disturbance: a request whose
    effects on them may differ. Without one, other numbers are a difference.
    """

    def __init__(self) -> None:
        self._counters: BoundedDict[tuple[str, str, str], _Counter] = BoundedDict(_KEPT)
        self._disturbances = 0

    def disturb(self) -> None:
        """Record that the targets may have created different numbers of resources."""
        self._disturbances += 1

    def begin_anew(self) -> None:
        """Forget all numbers after the targets' state was reset."""
        self._counters.clear()

    def note(self, names: tuple[str, str], kind: str, a: str, b: str) -> bool:
        """Record one attribute of a resource just created on both targets.

        `kind` names the attribute, `a` and `b` are its values as text. Returns whether both count
        resources, and differ only since a disturbance.
        """
        numbers, known = _read(a, b), self._counters.get((*names, kind))
        if known is None:
            counter = _Counter(numbers or (0, 0), self._disturbances, is_rising=numbers is not None)
            self._counters[*names, kind] = counter
            return False
        if not known.is_rising or (numbers is not None and numbers == known.tops):
            return known.is_excused
        if numbers is None or not _are_above(numbers, known.tops):
            # The number of an older resource is shown again.
            known.is_rising = a == b and numbers is not None
            known.is_excused &= known.is_rising
            return False
        known.go_on(numbers, self._disturbances)
        return known.is_excused


def _are_above(numbers: tuple[int, int], tops: tuple[int, int]) -> bool:
    return all(one > top for one, top in zip(numbers, tops, strict=True))


def _read(a: str, b: str) -> tuple[int, int] | None:
    """Return the last number in each of two texts, `None` if they differ in anything else."""
    ours, theirs = _NUMBERED.fullmatch(a), _NUMBERED.fullmatch(b)
    if ours is None or theirs is None:
        return None
    if (ours["before"], ours["after"]) != (theirs["before"], theirs["after"]):
        return None
    texts = ours["number"], theirs["number"]
    padded = any(text.startswith("0") and len(text) > 1 for text in texts)
    if padded and len(texts[0]) != len(texts[1]):
        return None
    return int(texts[0]), int(texts[1])
