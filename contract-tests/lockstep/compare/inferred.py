"""Compares JSON bodies of a document without annotations."""

from __future__ import annotations

import json
from typing import Any

from lockstep.compare.alignment import align, identity, without_order
from lockstep.compare.allowed import Allowed
from lockstep.compare.judge import SAME, Judge
from lockstep.compare.tokens import compare_tokens, is_token
from lockstep.matching.difference import Difference, in_body
from lockstep.openapi.resource_types import Role
from lockstep.openapi.shapes import Path, Shape
from lockstep.transport.literals import TOKEN, Number, Object, show, type_name

MAX_DIFFERENCES = 8


class InferringComparer:
    """Walks two parsed bodies in parallel, and judges by names and forms what may differ.

    One object compares one pair of bodies.
    """

    def __init__(self, judge: Judge, allowed: Allowed) -> None:
        self._judge = judge
        self._allowed = allowed
        self._accepted: set[tuple[str, str]] = set()
        self._excused = False
        self._lost = 0
        self.differences: list[Difference] = []

    def compare(self, left: Any, right: Any, shape: Shape | None, owner: str) -> None:
        """Fill `differences` with the first few; `owner` is the family of the things inside."""
        self._walk(left, right, shape, (), owner)

    def compare_text(self, left: str, right: str) -> None:
        """Compare the texts of two bodies whose values are the same: spaces, escapes, order."""
        if self._excused:
            return
        ours, theirs = TOKEN.findall(left), TOKEN.findall(right)
        wrong = None
        if len(ours) != len(theirs):
            wrong = left, right
        else:
            pairs = zip(ours, theirs, strict=True)
            wrong = next((pair for pair in pairs if not self._same_token(*pair)), None)
        if wrong is not None:
            self._add(Difference("bytes", "body", *wrong))

    def _same_token(self, left: str, right: str) -> bool:
        if left == right:
            return True
        if left.startswith('"') and right.startswith('"'):
            left, right = json.loads(left), json.loads(right)
        return (left, right) in self._accepted

    def _report(self, kind: str, path: Path, left: str, right: str, part: str = "") -> None:
        where = in_body(path) + (f" {part}" if part else "")
        self._add(Difference(kind, where, left, right))

    def _add(self, difference: Difference) -> None:
        if self._allowed.excuses(difference):
            self._excused = True
            return
        self._lost += difference.kind in ("value", "symbol", "type", "missing", "extra")
        places = {known.where for known in self.differences}
        if difference.where not in places and len(places) < MAX_DIFFERENCES:
            self.differences.append(difference)

    def _walk(self, left: Any, right: Any, shape: Shape | None, path: Path, owner: str) -> None:
        if type_name(left) != type_name(right):
            self._report("type", path, show(left), show(right))
            self._learn_across_types(left, right, path, owner)
        elif isinstance(left, Object):
            self._objects(left, right, shape, path, owner)
        elif isinstance(left, list):
            self._arrays(left, right, shape, path, owner)
        elif isinstance(left, str | Number):
            self._leaf(left, right, path, owner)
        elif left != right:
            self._report("value", path, show(left), show(right))

    def _objects(
        self, left: Object, right: Object, shape: Shape | None, path: Path, owner: str
    ) -> None:
        for name in left.keys() - right.keys():
            self._report("missing", (*path, name), show(left[name]), "absent")
        for name in right.keys() - left.keys():
            self._report("extra", (*path, name), "absent", show(right[name]))
        shared = [name for name in left if name in right]
        if self._names_another(left, right, path, owner):
            return
        if left.repeated != right.repeated:
            self._report("repeated", path, show(left), show(right))
        elif shared != [name for name in right if name in left]:
            self._report("order", path, ", ".join(left), ", ".join(right))
        for name in shared:
            member = shape.member(name) if shape else None
            family = owner
            if isinstance(left[name], Object | list):
                component = member.thing if member else ""
                family = self._judge.families.inside(name, owner, component)
            self._walk(left[name], right[name], member, (*path, name), family)

    def _names_another(self, left: Object, right: Object, path: Path, owner: str) -> bool:
        """Report two objects that are known to be different things; whether they are."""
        ours = identity(self._judge, left, owner)
        theirs = identity(self._judge, right, owner)
        if ours is None or theirs is None:
            return False
        wanted = self._judge.draft.partner_of(*ours)
        if wanted is None or wanted == theirs[1]:
            return False
        stands_for = f"{theirs[1]} instead of {wanted}, the partner of {ours[1]}"
        self._report("symbol", path, ours[1], stands_for)
        return True

    def _arrays(
        self, left: list[Any], right: list[Any], shape: Shape | None, path: Path, owner: str
    ) -> None:
        if self._allowed.is_unordered(in_body(path)):
            right = without_order(left, right, self._judge.draft.bijection)
            self._excused = True
        first = shape.element(0) if shape else None
        family = owner
        if first is not None and first.thing:
            family = self._judge.families.inside("", owner, first.thing)
        aligned = align(self._judge, left, right, family)
        if aligned.kind:
            self._report(aligned.kind, path, aligned.left, aligned.right)
        for index, other in aligned.pairs:
            element = shape.element(index) if shape else None
            size, lost = self._judge.draft.size, self._lost
            self._walk(left[index], right[other], element, (*path, index), family)
            if self._lost > lost:
                # Perhaps two different things: what they are called teaches nothing.
                self._judge.draft.shrink(size)

    def _leaf(self, left: str | Number, right: Any, path: Path, owner: str) -> None:
        a, b = _text(left), _text(right)
        role, name = self._role(path, owner)
        if a == b:
            kind = self._judge.equal(role, a)
        elif isinstance(left, Number):
            kind = self._judge.numbers(role, name, owner, a, b)
        else:
            if is_token(a) and is_token(b) and self._tokens(a, b, path):
                return
            kind = self._judge.strings(role, name, a, b)
        if kind == SAME:
            self._accepted.add((a, b))
        elif kind == "symbol":
            stands_for = f"{show(right)} instead of the partner of {show(left)}"
            self._report(kind, path, show(left), stands_for)
        else:
            self._report(kind, path, show(left), show(right))

    def _tokens(self, a: str, b: str, path: Path) -> bool:
        """Report where two JSON Web Tokens differ inside; whether they do."""
        found = list(compare_tokens(a, b, self._judge.clock, self._same_claim))
        for part, left, right in found:
            self._report("token", path, left, right, part)
        if found:
            self._judge.draft.learn("token", a, b)
        return bool(found)

    def _same_claim(self, name: str, a: str, b: str) -> bool:
        families = self._judge.families
        subject = Role("id", families.of("user") + ".id")
        role = families.role(name, "") or (subject if name == "sub" else None)
        if a.isdigit() and b.isdigit():
            if self._judge.draft.is_pair(a, b):
                return True
            return self._judge.numbers(role, name, "", a, b) == SAME
        return self._judge.strings(role, name, a, b) == SAME

    def _role(self, path: Path, owner: str) -> tuple[Role | None, str]:
        name = next((part for part in reversed(path) if isinstance(part, str)), "")
        return self._judge.families.role(name, owner) if name else None, name

    def _learn_across_types(self, left: Any, right: Any, path: Path, owner: str) -> None:
        role, _ = self._role(path, owner)
        plain = isinstance(left, str | Number) and isinstance(right, str | Number)
        if role is not None and role.family and plain:
            self._judge.draft.learn(role.family, _text(left), _text(right), inside=False)


def _text(value: Any) -> str:
    return value.text if isinstance(value, Number) else str(value)
