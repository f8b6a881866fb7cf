"""Walks two parsed JSON values in parallel; a policy compares their leaves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from lockstep.compare.alignment import Alignment
from lockstep.compare.allowed import Allowed
from lockstep.matching.difference import Difference, in_body
from lockstep.openapi.shapes import Path, Shape
from lockstep.transport.downloads import Whole
from lockstep.transport.literals import TOKEN, Object, show, show_length, type_name

# Kinds of differences that suggest that two list elements are different resources.
_UNLIKE = frozenset({"value", "symbol", "type", "missing", "extra"})


@dataclass(slots=True)
class Place:
    """The location of a pair of values, and its context.

    `owner` is the resource type of the enclosing object, `thing` the kind and the identifier of
    that resource on the leader's side, `around` the two enclosing objects. `measured` is true if
    elapsed seconds may differ there.
    """

    path: Path = ()
    shape: Shape | None = None
    owner: str = ""
    thing: tuple[str, str] | None = None
    around: tuple[Object, Object] | None = None
    measured: bool = False


class Found(NamedTuple):
    """The difference between two values: its kind, both values as text, the part of the value."""

    kind: str
    left: str
    right: str
    part: str = ""


class Policy(Protocol):
    """Compares the values met on a walk, and records those that correspond.

    For one pair of bodies at most `most` places are reported.
    """

    most: int

    def leaf(self, left: Any, right: Any, place: Place) -> Iterable[Found]:
        """Compare two strings or two numbers."""
        ...

    def unlike(self, left: Any, right: Any, place: Place) -> None:
        """Record two values of different types, where they correspond."""
        ...

    def enter(self, left: Object, right: Object, place: Place) -> Place | Found:
        """Return the place with the context of two objects, or `Found` for different resources."""
        ...

    def member(self, name: str, value: Any, place: Place, /) -> Place:
        """Return the place of an object member."""
        ...

    def align(
        self, left: list[Any], right: list[Any], place: Place, unordered: bool
    ) -> tuple[Alignment, Place]:
        """Return which elements correspond, and the place of the list, for its elements."""
        ...

    def size(self) -> int:
        """Return the number of recorded pairs."""
        ...

    def roll_back(self, size: int) -> None:
        """Discard the pairs recorded after `size`."""
        ...

    def same_token(self, left: str, right: str) -> bool:
        """Whether two JSON tokens, in their original spelling, correspond."""
        ...


class Walker:
    """Compares one pair of bodies by a policy."""

    def __init__(self, policy: Policy, allowed: Allowed) -> None:
        self._policy = policy
        self._allowed = allowed
        self._excused = False
        self._lost = 0
        self.differences: list[Difference] = []

    def compare(self, left: Any, right: Any, place: Place) -> None:
        """Fill `differences` with the first few; empty means that the values are equivalent."""
        if type_name(left) != type_name(right):
            self._report(Found("type", show(left), show(right)), place.path)
            self._policy.unlike(left, right, place)
        elif isinstance(left, Object):
            self._objects(left, right, place)
        elif isinstance(left, list):
            self._arrays(left, right, place)
        elif isinstance(left, bool | Whole | None):
            if left != right:
                kind = "bytes" if isinstance(left, Whole) else "value"
                self._report(Found(kind, show(left), show(right)), place.path)
        else:
            for found in self._policy.leaf(left, right, place):
                self._report(found, place.path)

    def counted(self, left: int, right: int, path: Path) -> None:
        """Report a difference between the lengths of two sequences, if there is one."""
        if left != right:
            self._report(Found("length", show_length(left), show_length(right)), path)

    def compare_text(self, left: str, right: str) -> None:
        """Compare the spelling of two equivalent bodies: whitespace, escapes, order."""
        if self._excused:
            return
        ours, theirs = TOKEN.findall(left), TOKEN.findall(right)
        wrong: tuple[str, str] | None = (left, right)
        if len(ours) == len(theirs):
            pairs = zip(ours, theirs, strict=True)
            wrong = next((pair for pair in pairs if not self._same_token(*pair)), None)
        if wrong is not None:
            self._report(Found("bytes", *wrong), ())

    def _objects(self, left: Object, right: Object, place: Place) -> None:
        for name in (name for name in left if name not in right):
            self._report(Found("missing", show(left[name]), "absent"), (*place.path, name))
        for name in (name for name in right if name not in left):
            self._report(Found("extra", "absent", show(right[name])), (*place.path, name))
        inside = self._policy.enter(left, right, place)
        if isinstance(inside, Found):
            self._report(inside, place.path)
            return
        shared = [name for name in left if name in right]
        if left.repeated != right.repeated:
            self._report(Found("repeated", show(left), show(right)), place.path)
        elif shared != [name for name in right if name in left]:
            self._report(Found("order", ", ".join(left), ", ".join(right)), place.path)
        for name in shared:
            self.compare(left[name], right[name], self._policy.member(name, left[name], inside))

    def _arrays(self, left: list[Any], right: list[Any], place: Place) -> None:
        unordered = self._allowed.is_unordered(in_body(place.path))
        self._excused |= unordered
        aligned, around = self._policy.align(left, right, place, unordered)
        if aligned.kind:
            self._report(Found(aligned.kind, aligned.left, aligned.right), place.path)
        for index, other in aligned.pairs:
            size, lost = self._policy.size(), self._lost
            self.compare(left[index], right[other], _element(around, index))
            if self._lost > lost:
                # Perhaps different resources: their identifiers must not be matched.
                self._policy.roll_back(size)

    def _report(self, found: Found, path: Path) -> None:
        where = in_body(path) + (f" {found.part}" if found.part else "")
        difference = Difference(found.kind, where, found.left, found.right)
        if self._allowed.excuses(difference):
            self._excused = True
            return
        self._lost += found.kind in _UNLIKE
        places = {known.where for known in self.differences}
        if where not in places and len(places) < self._policy.most:
            self.differences.append(difference)

    def _same_token(self, left: str, right: str) -> bool:
        return left == right or self._policy.same_token(left, right)


def _element(place: Place, index: int) -> Place:
    shape = place.shape.element(index) if place.shape else None
    return Place((*place.path, index), shape, place.owner, place.thing, None, place.measured)
