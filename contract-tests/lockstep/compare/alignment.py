"""Pairs the elements of two lists that represent the same resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lockstep.matching.timestamps import read_epoch, read_instant
from lockstep.transport.literals import Number, Object, show, show_length

Pair = tuple[int, int]
# The kind and the value of a member that identifies a resource.
Name = tuple[str, str]
Translate = Callable[[str], str]
# Maximum number of elements that are named.
_MOST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which positions of two lists correspond, and how the lists themselves differ.

    `kind` is `order` where the same elements are in another order, `elements` where they are
    different ones, `length` where the lengths differ, empty if there is no such difference.
    """

    pairs: list[Pair]
    kind: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Lists:
    """Two lists, and the identifiers of their elements.

    `ours` and `theirs` are the identifiers, `None` for an element without one; `wanted` holds the
    counterpart of each of ours on the other side, as far as it is known. `translate` replaces the
    identifiers of the left list in a text with those of the right one. Members that are `made`
    (generated) by the servers are ignored when elements are compared for similarity.
    """

    left: list[Any]
    right: list[Any]
    ours: Sequence[Name | None]
    theirs: Sequence[Name | None]
    wanted: Sequence[str | None]
    translate: Translate
    made: frozenset[str] = frozenset()

    def align(self, *, unordered: bool, same_target: bool) -> Alignment:
        """Pair the elements by identifier, otherwise by position.

        In an `unordered` list, elements without a known identifier are paired by similarity; so are
        those of two lists of the `same_target`, if another order makes them more similar.
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
        moved = self._by_member()
        if moved and self._follows_clocks(moved):
            return Alignment(moved, "", "", "")
        if moved:
            return Alignment(moved, "order", show(self.left), show(self.right))
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
        start = self._first_other() if kind in ("elements", "order") else 0
        shown = (
            _listed(elements, names, start)
            for elements, names in ((self.left, self.ours), (self.right, self.theirs))
        )
        return Alignment(pairs, kind, *shown)

    def _first_other(self) -> int:
        """Return the first position with another element, 0 if it is among the first few."""
        pairs = enumerate(zip(self.wanted, self.theirs, strict=True))
        others = (at for at, (wanted, name) in pairs if name is None or wanted != name[1])
        found = next(others, 0)
        return found if found >= _MOST_SHOWN else 0

    def _is_in_place(self) -> bool:
        return all(
            wanted is None or name is None or wanted == name[1]
            for wanted, name in zip(self.wanted, self.theirs, strict=True)
        )

    def _follows_clocks(self, pairs: list[Pair]) -> bool:
        """Whether each list is sorted by times that its own server generated."""
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
        """Whether two lists hold the same elements without identifiers in another order."""
        if any(name is not None for name in self.ours):
            return False
        ours, theirs = (list(map(show, each)) for each in (self.left, self.right))
        named = list(map(self.translate, ours))
        return named != theirs and Counter(named) == Counter(theirs)

    def _by_member(self) -> list[Pair]:
        """Pair elements without identifiers that one member tells apart, if the order differs.

        Its values must be the same on both sides, and each occur only once.
        """
        every = [element for element in (*self.left, *self.right) if isinstance(element, Object)]
        if not every or len(every) < len(self.left) + len(self.right) or any(self.ours):
            return []
        for member in (name for name in every[0] if name not in self.made):
            if not all(isinstance(element.get(member), str | Number) for element in every):
                continue
            ours = [self.translate(show(element[member])) for element in self.left]
            theirs = {show(element[member]): at for at, element in enumerate(self.right)}
            if ours != list(theirs) and len(theirs) == len(ours) and set(ours) == set(theirs):
                return [(at, theirs[value]) for at, value in enumerate(ours)]
        return []

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
    """Pair each position with the same position."""
    return [(at, at) for at in range(len(elements))]


def likeliest(left: list[Any], right: list[Any], translate: Translate) -> list[Pair]:
    """Pair each element of the left list with the most similar remaining one of the right list."""
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


def _listed(elements: list[Any], names: Sequence[Name | None], start: int) -> str:
    shown = ", ".join(_shown(names[start:]))
    since = f", from number {start + 1}" if start else ""
    return show_length(len(elements)) + (f"{since}: {shown}" if shown else "")


def _shown(names: Sequence[Name | None]) -> Iterator[str]:
    known = [name[1] for name in names if name is not None]
    yield from known[:_MOST_SHOWN]
    if len(known) > _MOST_SHOWN:
        yield "…"


def _seconds(value: Any) -> float | None:
    """Parse a timestamp, in seconds since 1970; `None` for other values."""
    if isinstance(value, Number):
        instant = read_epoch(value.text)
    else:
        instant = read_instant(value) if isinstance(value, str) else None
    return instant.seconds if instant is not None else None


def _direction(instants: Sequence[float | None]) -> int:
    """Return 1 if the instants increase, -1 if they decrease, 0 if neither or one is missing."""
    known = [instant for instant in instants if instant is not None]
    if len(known) < max(2, len(instants)):
        return 0
    steps = {(after > before) - (after < before) for before, after in pairwise(known)}
    return steps.pop() if len(steps) == 1 else 0
