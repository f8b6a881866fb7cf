"""Compares values by the annotations of the document, and all others byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lockstep.compare.alignment import Alignment, in_place, likeliest
from lockstep.compare.walker import Found, Place
from lockstep.matching.bijection import SymbolTable
from lockstep.matching.clock import Clock
from lockstep.matching.transaction import Transaction
from lockstep.openapi.shapes import Shape
from lockstep.transport.literals import Number, Object, show, show_length

# The ends of an interval that a server may have measured by its own clock.
_INTERVAL_END = re.compile(r"(start|stop|begin|end|finish)(ed)?(_?(at|time|on))?", re.IGNORECASE)
_VALUE = re.compile(r"[A-Za-z0-9_.\-]{16,}")


class AnnotatedPolicy:
    """Compares the values of one pair of bodies, and records the symbols in them."""

    most = 3

    def __init__(self, learnt: Transaction, table: SymbolTable, clock: Clock) -> None:
        self._learnt = learnt
        self._table = table
        self._clock = clock
        self._accepted: set[tuple[str, str]] = set()

    def leaf(self, left: Any, right: Any, place: Place) -> Iterator[Found]:
        """Compare two strings or two numbers by their annotation."""
        shape, kind = place.shape, place.shape.kind if place.shape else None
        shown = show(left), show(right)
        if kind == "elapsed":
            yield from self._elapsed(left, right, place)
        elif isinstance(left, Number) or shape is None or kind is None:
            known = isinstance(left, str) and self._learnt.translate(left) == right
            if left != right and not known:
                yield Found("value", *shown)
        elif kind == "time":
            yield from self._times(left, right)
        elif not (shape.accepts(left) and shape.accepts(right)):
            yield Found("form", *shown)
        elif self._learnt.learn(kind, left, right) is None:
            self._accepted.add((f'"{left}"', f'"{right}"'))
        else:
            yield Found("symbol", shown[0], f"{shown[1]} instead of the counterpart of {shown[0]}")

    def unlike(self, left: Any, right: Any, place: Place) -> None:
        """Record nothing: values of different types do not correspond."""

    def enter(self, left: Object, right: Object, place: Place) -> Place:
        """Determine whether elapsed seconds of this object may differ because the clocks do.

        An object that contains the ends of its interval (`start_time`, `ended_at`, ...) is judged
        by them. A sum has none: it may differ once such an interval was seen in this run.
        """
        members = place.shape.properties.items() if place.shape else ()
        ends = [
            name
            for name, member in members
            if member.kind == "time" and _INTERVAL_END.fullmatch(name)
        ]
        measured = any(left.get(name) != right.get(name) for name in ends)
        self._table.interval_seen |= measured
        return replace(place, measured=measured if ends else self._table.interval_seen)

    def member(self, name: str, _value: Any, place: Place, /) -> Place:
        """Return the place of an object member."""
        shape = place.shape.member(name) if place.shape else None
        return Place((*place.path, name), shape, measured=place.measured)

    def align(
        self, left: list[Any], right: list[Any], place: Place, unordered: bool
    ) -> tuple[Alignment, Place]:
        """Pair elements by position, those of unordered lists by similarity."""
        if len(left) != len(right):
            shown = show_length(len(left)), show_length(len(right))
            return Alignment([], "length", *shown), place
        pairs = likeliest(left, right, self._learnt.translate) if unordered else in_place(left)
        return Alignment(pairs, "", "", ""), place

    def size(self) -> int:
        """Return 0: nothing is ever rolled back."""
        return 0

    def roll_back(self, size: int) -> None:
        """Do nothing: pairs of elements that differ are kept."""

    def same_token(self, left: str, right: str) -> bool:
        """Whether two JSON tokens, in their original spelling, correspond."""
        return (left, right) in self._accepted or self._learnt.translate(left) == right

    def _times(self, left: str, right: str) -> Iterator[Found]:
        if self._clock.same_instant(left, right):
            self._learnt.learn_time(left, right)
            self._accepted.add((f'"{left}"', f'"{right}"'))
        elif self._learnt.translate(left) != right:
            yield Found("time", show(left), show(right))

    def _elapsed(self, left: Any, right: Any, place: Place) -> Iterator[Found]:
        if left == right:
            return
        if not isinstance(left, Number):
            yield Found("type", show(left), show(right))
        elif place.measured and self._clock.close(left.text, right.text):
            self._accepted.add((left.text, right.text))
        else:
            yield Found("elapsed", show(left), show(right))


class AnnotatedHeaderPolicy:
    """Compares header fields by the annotations of the whole document.

    With `drifts` an entity tag may change on one side alone: the last one wins.
    """

    def __init__(
        self, shapes: Mapping[str, Shape], learnt: Transaction, clock: Clock, *, drifts: bool
    ) -> None:
        self._shapes = shapes
        self._learnt = learnt
        self._clock = clock
        self._drifts = drifts

    def same(self, name: str, left: list[str], right: list[str]) -> bool:
        """Whether the values of a header field that both sides sent correspond."""
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(self._same(name, *pair) for pair in pairs)

    def cookies(self, left: list[str], right: list[str]) -> None:
        """Return `None`: cookies are compared like any other header field."""

    def is_idle(self, name: str, status: int) -> bool:  # noqa: ARG002
        """Return `False`: every header field counts."""
        return False

    def _same(self, name: str, a: str, b: str) -> bool:
        shape = self._shapes.get(name)
        if shape is None or shape.kind is None:
            return a == b or self._learnt.translate(a) == b
        if shape.kind == "elapsed":
            return self._clock.close_text(a, b)
        if shape.kind == "time":
            return self._clock.same_instant(a, b)
        return shape.accepts(a) and shape.accepts(b) and self._match(shape.kind, a, b)

    def _match(self, kind: str, a: str, b: str) -> bool:
        """Match the generated values inside two header values that are otherwise equal."""
        if _VALUE.sub("", a) != _VALUE.sub("", b):
            return False
        replaced = self._drifts and kind == "etag"
        pairs = zip(_VALUE.findall(a), _VALUE.findall(b), strict=True)
        learnt = (self._learnt.learn(kind, *pair, replace=replaced) for pair in pairs)
        return all(mismatch is None for mismatch in learnt)
