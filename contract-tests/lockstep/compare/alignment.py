"""Determines which elements of two lists are the same things."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lockstep.matching.timestamps import read_epoch, read_instant
from lockstep.transport.literals import Number, Object, show

Pair = tuple[int, int]
# The kind and the value of a member that names a thing.
Name = tuple[str, str]
Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which positions of two lists belong together, and what is wrong with the lists as such.

    `kind` is `order` where the same things stand in another order, `elements` where they are
    others, `length` where there are more or fewer, empty if nothing is wrong.
    """

    pairs: list[Pair]
    kind: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Lists:
    """Two lists, and what their elements are called.

    `ours` and `theirs` are the names of the elements, `None` without one; `wanted` is what each of
    ours is called on the other side, as far as that is known. `translate` puts a text of the left
    list in the names of the right one. Members that are `made` by the servers say nothing of which
    elements are alike.
    """

    left: list[Any]
    right: list[Any]
    ours: Sequence[Name | None]
    theirs: Sequence[Name | None]
    wanted: Sequence[str | None]
    translate: Translate
    made: frozenset[str] = frozenset()

    def align(self, *, unordered: bool, same_target: bool) -> Alignment:
        """Pair the elements by what they are called, else by position.

        Of an `unordered` list, what has no name that is known goes by likeness; so it does where
        both lists come from the `same_target`, if another order makes them more alike.
        """
        if unordered:
            return self._without_order()
        if len(self.left) != len(self.right):
            return self._wrong(self._named(), "length")
        if not self._is_in_place():
            pairs = self._named()
            if len(pairs) == len(self.left) and self._follows_clocks(pairs):
                return Alignment(pairs, "", "", "")
            return self._wrong(pairs, "order" if len(pairs) == len(self.left) else "elements")
        if any(wanted is not None for wanted in self.wanted):
            return Alignment(in_place(self.left), "", "", "")
        if self._is_shuffled():
            return Alignment([], "order", show(self.left), show(self.right))
        pairs = self._likeliest(self.left, self.right) if same_target else []
        if pairs:
            likeness = sum(map(self._likeness, pairs))
            if likeness > sum(map(self._likeness, in_place(self.left))):
                return self._wrong(pairs, "order")
        return Alignment(in_place(self.left), "", "", "")

    def _without_order(self) -> Alignment:
        named = self._named()
        rest = [at for at in range(len(self.left)) if at not in {one for one, _ in named}]
        free = [at for at in range(len(self.right)) if at not in {other for _, other in named}]
        left, right = [self.left[at] for at in rest], [self.right[at] for at in free]
        likely = self._likeliest(left, right)
        pairs = named + [(rest[one], free[other]) for one, other in likely]
        if len(self.left) != len(self.right):
            return self._wrong(pairs, "length")
        return Alignment(sorted(pairs), "", "", "")

    def _wrong(self, pairs: list[Pair], kind: str) -> Alignment:
        return Alignment(
            pairs, kind, _listed(self.left, self.ours), _listed(self.right, self.theirs)
        )

    def _is_in_place(self) -> bool:
        return all(
            wanted is None or name is None or wanted == name[1]
            for wanted, name in zip(self.wanted, self.theirs, strict=True)
        )

    def _follows_clocks(self, pairs: list[Pair]) -> bool:
        """Whether each list is in the order of times that are the server's own."""
        every = [element for element in (*self.left, *self.right) if isinstance(element, Object)]
        if len(every) < len(self.left) + len(self.right):
            return False
        return any(
            self._is_in_order_of(name, pairs)
            for name in every[0]
            if all(name in element for element in every)
        )

    def _is_in_order_of(self, name: str, pairs: list[Pair]) -> bool:
        ours, theirs = (
            [_seconds(element[name]) for element in side] for side in (self.left, self.right)
        )
        directions = _direction(ours), _direction(theirs)
        own = all(ours[one] != theirs[other] for one, other in pairs)
        return own and directions[0] == directions[1] != 0

    def _named(self) -> list[Pair]:
        places = {name[1]: at for at, name in enumerate(self.theirs) if name is not None}
        known = ((at, places.get(name)) for at, name in enumerate(self.wanted) if name is not None)
        return [(at, place) for at, place in known if place is not None]

    def _is_shuffled(self) -> bool:
        """Whether two lists have the same elements, none of which has a name, in another order."""
        if any(name is not None for name in self.ours):
            return False
        ours, theirs = (list(map(show, each)) for each in (self.left, self.right))
        named = list(map(self.translate, ours))
        return named != theirs and Counter(named) == Counter(theirs)

    def _likeness(self, pair: Pair) -> int:
        wanted = set(_values(self._telling(self.left[pair[0]]), self.translate))
        return len(wanted & set(_values(self._telling(self.right[pair[1]]))))

    def _likeliest(self, left: list[Any], right: list[Any]) -> list[Pair]:
        ours, theirs = (list(map(self._telling, each)) for each in (left, right))
        return likeliest(ours, theirs, self.translate)

    def _telling(self, element: Any) -> Any:
        if not isinstance(element, Object):
            return element
        return Object([item for item in element.items() if item[0] not in self.made])


def in_place(elements: list[Any]) -> list[Pair]:
    """Each position beside the same one."""
    return [(at, at) for at in range(len(elements))]


def likeliest(left: list[Any], right: list[Any], translate: Translate) -> list[Pair]:
    """Each element of the left list beside its likeliest partner in the right one."""
    rest = [(at, set(_values(element))) for at, element in enumerate(right)]
    pairs: list[Pair] = []
    for at, element in enumerate(left):
        if not rest:
            break
        wanted = set(_values(element, translate))
        best = max(range(len(rest)), key=lambda index: len(wanted & rest[index][1]))
        pairs.append((at, rest.pop(best)[0]))
    return pairs


def _values(
    value: Any, translate: Translate = str, path: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, Object):
        for name, member in value.items():
            yield from _values(member, translate, (*path, name))
    elif isinstance(value, list):
        for element in value:
            yield from _values(element, translate, (*path, "*"))
    else:
        yield *path, translate(show(value))


def _listed(elements: list[Any], names: Sequence[Name | None]) -> str:
    shown = ", ".join(_shown(names))
    return f"{len(elements)} elements" + (f": {shown}" if shown else "")


def _shown(names: Sequence[Name | None], most: int = 8) -> Iterator[str]:
    known = [name[1] for name in names if name is not None]
    yield from known[:most]
    if len(known) > most:
        yield "…"


def _seconds(value: Any) -> float | None:
    """The instant that a value shows, in seconds since 1970."""
    if isinstance(value, Number):
        instant = read_epoch(value.text)
    else:
        instant = read_instant(value) if isinstance(value, str) else None
    return instant.seconds if instant is not None else None


def _direction(instants: Sequence[float | None]) -> int:
    """1 where instants rise, -1 where they fall, 0 where they do neither or are none."""
    known = [instant for instant in instants if instant is not None]
    if len(known) < max(2, len(instants)):
        return 0
    steps = {(after > before) - (after < before) for before, after in pairwise(known)}
    return steps.pop() if len(steps) == 1 else 0
