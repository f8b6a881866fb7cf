"""Compares JSON bodies value by value, then token by token."""

from __future__ import annotations

import re
from typing import Any

from lockstep.compare.alignment import without_order
from lockstep.compare.allowed import Allowed
from lockstep.matching.bijection import Bijection, SymbolTable
from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference, in_body
from lockstep.openapi.shapes import Path, Shape
from lockstep.transport.literals import TOKEN, Number, Object, show, type_name

MAX_DIFFERENCES = 3
# The ends of an interval that a server may have measured by its own clock.
_INTERVAL_END = re.compile(r"(start|stop|begin|end|finish)(ed)?(_?(at|time|on))?", re.IGNORECASE)


class JsonComparer:
    """Walks two parsed bodies in parallel; learns the symbols it meets on the way.

    One object compares one pair of bodies.
    """

    def __init__(
        self,
        bijection: Bijection,
        table: SymbolTable,
        clock: Clock,
        allowed: Allowed,
    ) -> None:
        self._bijection = bijection
        self._table = table
        self._clock = clock
        self._allowed = allowed
        self._excused = False
        self._accepted: set[tuple[str, str]] = set()
        self.differences: list[Difference] = []

    def compare(self, left: Any, right: Any, shape: Shape | None) -> None:
        """Fill `differences` with the first few; empty means that the values are the same."""
        self._walk(left, right, shape, ())

    def compare_text(self, left: str, right: str) -> None:
        """Compare the texts of two bodies whose values are the same: spaces, escapes, order."""
        if self._excused:
            return
        ours, theirs = TOKEN.findall(left), TOKEN.findall(right)
        if len(ours) == len(theirs):
            pairs = zip(ours, theirs, strict=True)
            wrong = next((pair for pair in pairs if not self._same_token(*pair)), None)
        else:
            wrong = left, right
        if wrong is not None:
            self.differences.append(Difference("bytes", "body", *wrong))

    def _same_token(self, left: str, right: str) -> bool:
        if left == right or (left, right) in self._accepted:
            return True
        return self._bijection.translate(left) == right

    def _report(self, kind: str, path: Path, left: str, right: str) -> None:
        difference = Difference(kind, in_body(path), left, right)
        if self._allowed.excuses(difference):
            self._excused = True
            return
        places = {known.where for known in self.differences}
        if difference.where not in places and len(places) < MAX_DIFFERENCES:
            self.differences.append(difference)

    def _walk(self, left: Any, right: Any, shape: Shape | None, path: Path) -> None:
        if type_name(left) != type_name(right):
            self._report("type", path, show(left), show(right))
        elif isinstance(left, Object):
            self._objects(left, right, shape, path)
        elif isinstance(left, list):
            self._arrays(left, right, shape, path)
        elif isinstance(left, str):
            self._strings(left, right, shape, path)
        elif left != right:
            self._report("value", path, show(left), show(right))

    def _objects(self, left: Object, right: Object, shape: Shape | None, path: Path) -> None:
        for name in left.keys() - right.keys():
            self._report("missing", (*path, name), show(left[name]), "absent")
        for name in right.keys() - left.keys():
            self._report("extra", (*path, name), "absent", show(right[name]))
        shared = [name for name in left if name in right]
        if left.repeated != right.repeated:
            self._report("repeated", path, show(left), show(right))
        elif shared != [name for name in right if name in left]:
            self._report("order", path, ", ".join(left), ", ".join(right))
        may_differ = self._measured(left, right, shape)
        for name in shared:
            member = shape.member(name) if shape else None
            if member is not None and member.kind == "elapsed":
                self._elapsed(left[name], right[name], (*path, name), may_differ=may_differ)
            else:
                self._walk(left[name], right[name], member, (*path, name))

    def _arrays(self, left: list[Any], right: list[Any], shape: Shape | None, path: Path) -> None:
        if self._allowed.is_unordered(in_body(path)):
            right = without_order(left, right, self._bijection)
            self._excused = True
        if len(left) != len(right):
            self._report("length", path, f"{len(left)} elements", f"{len(right)} elements")
            return
        for index, (ours, theirs) in enumerate(zip(left, right, strict=True)):
            self._walk(ours, theirs, shape.element(index) if shape else None, (*path, index))

    def _strings(self, left: str, right: str, shape: Shape | None, path: Path) -> None:
        kind = shape.kind if shape else None
        if kind is None or shape is None:
            if left != right and self._bijection.translate(left) != right:
                self._report("value", path, show(left), show(right))
        elif kind == "time":
            self._times(left, right, path)
        elif kind == "elapsed":
            self._report("type", path, show(left), show(right))
        elif not (shape.accepts(left) and shape.accepts(right)):
            self._report("form", path, show(left), show(right))
        else:
            self._symbols(kind, left, right, path)

    def _symbols(self, kind: str, left: str, right: str, path: Path) -> None:
        mismatch = self._bijection.learn(kind, left, right)
        if mismatch is None:
            self._accepted.add((f'"{left}"', f'"{right}"'))
            return
        stands_for = f"{show(right)} instead of the partner of {show(left)}"
        self._report("symbol", path, show(left), stands_for)

    def _times(self, left: str, right: str, path: Path) -> None:
        if self._clock.same_instant(left, right):
            self._bijection.learn_time(left, right)
            self._accepted.add((f'"{left}"', f'"{right}"'))
        elif self._bijection.translate(left) != right:
            self._report("time", path, show(left), show(right))

    def _elapsed(self, left: Any, right: Any, path: Path, *, may_differ: bool) -> None:
        if left == right:
            return
        if not (isinstance(left, Number) and isinstance(right, Number)):
            self._report("type", path, show(left), show(right))
        elif may_differ and self._clock.close(left.text, right.text):
            self._accepted.add((left.text, right.text))
        else:
            self._report("elapsed", path, show(left), show(right))

    def _measured(self, left: Object, right: Object, shape: Shape | None) -> bool:
        """Whether elapsed seconds of this object may differ because the clocks do.

        An object that shows the ends of its interval (`start_time`, `ended_at`, ...) decides by
        them. A sum shows none: it may differ once such an interval was seen in this run.
        """
        if shape is None:
            return False
        ends = [
            name
            for name, member in shape.properties.items()
            if member.kind == "time" and _INTERVAL_END.fullmatch(name)
        ]
        if not ends:
            return self._table.interval_seen
        measured = any(left.get(name) != right.get(name) for name in ends)
        self._table.interval_seen |= measured
        return measured
