"""Compares values by their names and formats, where the document has no annotations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from lockstep.compare.alignment import Alignment, Lists, Name
from lockstep.compare.judge import SAME, Judge, is_of_element
from lockstep.compare.tokens import compare_tokens, is_token
from lockstep.compare.walker import Found, Place
from lockstep.inference.digests import is_coded
from lockstep.openapi.naming import is_digest
from lockstep.openapi.resource_types import Role
from lockstep.openapi.shapes import Path
from lockstep.transport.literals import Number, Object, same_number, show


class InferredPolicy:
    """Compares the values of one pair of bodies through a judge, which records them."""

    most = 8

    def __init__(
        self,
        judge: Judge,
        is_of_style: Callable[[Path], bool] = lambda _: False,
        is_worded_freely: Callable[[Path], bool] = lambda _: False,
    ) -> None:
        """Compare through `judge`; `is_of_style` says where equal numbers may look different.

        `is_worded_freely` says which texts need not be equal.
        """
        self._judge = judge
        self._is_of_style = is_of_style
        self._is_worded_freely = is_worded_freely
        self._accepted: set[tuple[str, str]] = set()
        # Keyed by `id()` of an object, which each entry keeps alive.
        self._named: dict[tuple[int, str], tuple[Any, dict[str, Name]]] = {}

    def leaf(self, left: Any, right: Any, place: Place) -> Iterator[Found]:
        """Compare two strings or two numbers by their place."""
        a, b = _text(left), _text(right)
        if a != b and is_token(a) and is_token(b):
            found = list(self._tokens(a, b))
            yield from found
            if found:
                return
        kind = self._judged(left, a, b, place)
        if kind == SAME:
            self._accepted.add((a, b))
            return
        stands_for = " instead of the partner of " + show(left) if kind == "symbol" else ""
        yield Found(kind, show(left), show(right) + stands_for)

    def unlike(self, left: Any, right: Any, place: Place) -> None:
        """Match two ids even if one is a number and the other a string."""
        role, _ = self._role(place)
        plain = isinstance(left, str | Number) and isinstance(right, str | Number)
        if role is not None and role.family and plain:
            self._judge.learnt.learn(role.family, _text(left), _text(right), inside=False)

    def enter(self, left: Object, right: Object, place: Place) -> Place | Found:
        """Return the place with the resource's identifier, or `Found` for different resources."""
        ours, theirs = (self._names(each, place.owner) for each in (left, right))
        another: Found | None = None
        for attribute, name in ours.items():
            other = theirs.get(attribute)
            wanted = self._judge.learnt.holder_of(*name) if other else None
            if other is None or wanted is None:
                continue
            if wanted == other[1]:
                another = None
                break
            stands_for = f"{other[1]} instead of {wanted}, the counterpart of {name[1]}"
            another = another or Found("symbol", name[1], stands_for)
        if another is not None:
            return another
        thing = next(iter(ours.values()), place.thing)
        return Place(place.path, place.shape, place.owner, thing, (left, right))

    def member(self, name: str, value: Any, place: Place, /) -> Place:
        """Return the place of an object member, with its resource type."""
        shape = place.shape.member(name) if place.shape else None
        owner = place.owner
        if isinstance(value, Object | list):
            owner = self._judge.families.inside(name, owner, shape.thing if shape else "")
        return Place((*place.path, name), shape, owner, place.thing, place.around)

    def align(
        self, left: list[Any], right: list[Any], place: Place, unordered: bool
    ) -> tuple[Alignment, Place]:
        """Pair elements by identifier, otherwise by position."""
        first = place.shape.element(0) if place.shape else None
        if first is not None and first.thing:
            family = self._judge.families.inside("", place.owner, first.thing)
            place = replace(place, owner=family)
        same_target = self._judge.same_target
        by_likeness = unordered or same_target
        lists = self._lists(left, right, place.owner, by_likeness=by_likeness)
        return lists.align(unordered=unordered, same_target=same_target), place

    def size(self) -> int:
        """Return the number of recorded pairs."""
        return self._judge.learnt.size

    def roll_back(self, size: int) -> None:
        """Discard the pairs recorded after `size`."""
        self._judge.learnt.roll_back(size)

    def same_token(self, left: str, right: str) -> bool:
        """Whether two JSON tokens, in their original spelling, correspond."""
        if left.startswith('"') and right.startswith('"'):
            left, right = json.loads(left), json.loads(right)
        return (left, right) in self._accepted

    def _judged(self, left: Any, a: str, b: str, place: Place) -> str:
        role, name = self._role(place)
        if role is None and self._judge.is_counted(place.owner, name, place.path, a, b):
            return SAME
        made = self._judge.is_made(role) and not is_of_element(place.path)
        if a == b:
            return self._judge.equal(role, a, made=made)
        if is_digest(name) and is_coded(a) and is_coded(b) and isinstance(left, str):
            return self._judge.digest(role, a, b, place.thing, _beside(place))
        if isinstance(left, Number):
            plain = role is None or not role.family
            if plain and a != b and same_number(a, b) and self._is_of_style(place.path):
                return SAME
            return self._judge.numbers(role, name, place.owner, a, b)
        if role is None and a.strip() and b.strip() and self._is_worded_freely(place.path):
            return SAME
        return self._judge.strings(role, name, a, b, made=made)

    def _tokens(self, a: str, b: str) -> Iterator[Found]:
        """Yield the differences inside two JSON Web Tokens."""
        for part, left, right in compare_tokens(a, b, self._judge.clock, self._same_claim):
            self._judge.learnt.learn("token", a, b)
            yield Found("token", left, right, part)

    def _same_claim(self, name: str, a: str, b: str) -> bool:
        families = self._judge.families
        subject = Role("id", families.of("user") + ".id")
        role = families.role(name, "") or (subject if name == "sub" else None)
        if a.isdigit() and b.isdigit():
            if self._judge.learnt.is_pair(a, b):
                return True
            return self._judge.numbers(role, name, "", a, b) == SAME
        return self._judge.strings(role, name, a, b) == SAME

    def _role(self, place: Place) -> tuple[Role | None, str]:
        named = (part for part in reversed(place.path) if isinstance(part, str))
        # `#text` of an XML element is judged by the element's name.
        name = next((part for part in named if not part.startswith("#")), "")
        if not name:
            return None, name
        role = self._judge.families.role(name, place.owner)
        if role is None and self._judge.makes == place.owner:
            role = self._judge.families.key_of_another(name, place.owner)
        return role, name

    def _names(self, element: Any, owner: str) -> dict[str, Name]:
        """Return the identifiers of a resource by attribute: those used in paths before ids."""
        known = self._named.get((id(element), owner))
        if known is None:
            known = self._named[id(element), owner] = element, self._read_names(element, owner)
        return known[1]

    def _read_names(self, element: Any, owner: str) -> dict[str, Name]:
        keys: dict[str, Name] = {}
        ids: dict[str, Name] = {}
        for name, value in element.items() if isinstance(element, Object) else ():
            if value == "" or not isinstance(value, str | Number):
                continue
            role = self._judge.families.role(name, owner)
            if role is None or role.kind not in ("id", "key"):
                continue
            if role.family.startswith(f"{owner}."):
                text = _text(value)
                found = ids if role.kind == "id" else keys
                found.setdefault(role.family, (self._judge.kind(role, text), text))
        return keys | ids

    def _lists(self, left: list[Any], right: list[Any], owner: str, *, by_likeness: bool) -> Lists:
        ours = [self._names(element, owner) for element in left]
        theirs = [self._names(element, owner) for element in right]
        made = frozenset(self._made_members(left, owner) if by_likeness else ())
        translate, best = self._judge.learnt.translate, None
        for attribute in dict.fromkeys(attribute for names in ours for attribute in names):
            columns = [[names.get(attribute) for names in side] for side in (ours, theirs)]
            if not all(map(_is_telling, columns)):
                continue
            names = {name[1] for name in columns[1] if name is not None}
            wanted = [self._partner(name, names) for name in columns[0]]
            found = Lists(left, right, columns[0], columns[1], wanted, translate, made)
            if any(name is not None for name in wanted):
                return found
            best = best or found
        nameless: list[Name | None] = [None] * len(left)
        other: list[Name | None] = [None] * len(right)
        return best or Lists(left, right, nameless, other, [None] * len(left), translate, made)

    def _made_members(self, elements: list[Any], owner: str) -> Iterator[str]:
        names = {name for each in elements if isinstance(each, Object) for name in each}
        return (name for name in names if self._judge.families.role(name, owner) is not None)

    def _partner(self, name: Name | None, theirs: set[str]) -> str | None:
        """Return a resource's identifier on the other side; a meaningful name may be the same."""
        if name is None:
            return None
        known = self._judge.learnt.holder_of(*name)
        if known is not None:
            return known
        tells = not name[1].isdigit() and name[1] in theirs
        return name[1] if tells or self._judge.same_target else None


def _is_telling(names: list[Name | None]) -> bool:
    """Whether no two elements have the same identifier."""
    known = [name for name in names if name is not None]
    return len(known) == len(set(known))


def _beside(place: Place) -> Iterator[str]:
    """Yield the texts around a place that are equal on both sides."""
    if place.around is None:
        return
    left, right = place.around
    for name, value in left.items():
        if isinstance(value, str) and value and right.get(name) == value:
            yield value


def _text(value: Any) -> str:
    return value.text if isinstance(value, Number) else str(value)
