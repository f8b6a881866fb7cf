"""Finds out which elements of two lists are the same things."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lockstep.compare.judge import Judge
from lockstep.matching.bijection import Bijection
from lockstep.transport.literals import Number, Object, show

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which positions of two lists belong together, and what is wrong with the lists as such.

    `kind` is `order` where the same things stand in another order, `elements` where they are
    others, `length` where there are more or fewer, empty where nothing is wrong.
    """

    pairs: list[Pair]
    kind: str
    left: str
    right: str


def align(judge: Judge, left: list[Any], right: list[Any], owner: str) -> Alignment:
    """Pair the elements of two lists by what they are called, else by position.

    Elements are things of the family `owner`.
    """
    ours = [identity(judge, element, owner) for element in left]
    theirs = [identity(judge, element, owner) for element in right]
    known = [judge.draft.partner_of(*name) if name else None for name in ours]
    in_place = all(
        wanted is None or name is None or wanted == name[1]
        for wanted, name in zip(known, theirs, strict=False)
    )
    by_position = [(at, at) for at in range(min(len(left), len(right)))]
    if len(left) != len(right):
        kind, pairs = "length", _matched(known, theirs)
    elif in_place:
        shuffled = _shuffled(left, right)
        return Alignment([] if shuffled else by_position, *(shuffled or ("", "", "")))
    else:
        pairs = _matched(known, theirs)
        kind = "order" if len(pairs) == len(left) else "elements"
    return Alignment(pairs, kind, _listed(left, ours), _listed(right, theirs))


def identity(judge: Judge, element: Any, owner: str) -> tuple[str, str] | None:
    """The kind and the value of the member that names a thing; `None` without one."""
    if not isinstance(element, Object):
        return None
    for name, value in element.items():
        role = judge.families.role(name, owner)
        if role is None or not role.family.startswith(f"{owner}."):
            continue
        if role.kind in ("id", "key") and isinstance(value, str | Number):
            text = value.text if isinstance(value, Number) else value
            return judge.kind(role, text), text
    return None


def without_order(left: list[Any], right: list[Any], bijection: Bijection) -> list[Any]:
    """The right list with each element where its likeliest partner stands in the left one."""
    rest = list(right)
    placed = []
    for element in left:
        if not rest:
            break
        wanted = set(_values(element, bijection.translate))
        best = max(range(len(rest)), key=lambda at: len(wanted & set(_values(rest[at]))))
        placed.append(rest.pop(best))
    return placed + rest


def _values(
    value: Any, translate: Callable[[str], str] = str, path: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, Object):
        for name, member in value.items():
            yield from _values(member, translate, (*path, name))
    elif isinstance(value, list):
        for element in value:
            yield from _values(element, translate, (*path, "*"))
    else:
        yield *path, translate(show(value))


def _matched(known: list[str | None], theirs: list[tuple[str, str] | None]) -> list[Pair]:
    places = {name[1]: at for at, name in enumerate(theirs) if name is not None}
    found = ((at, places.get(wanted)) for at, wanted in enumerate(known) if wanted is not None)
    return [(at, place) for at, place in found if place is not None]


def _shuffled(left: list[Any], right: list[Any]) -> tuple[str, str, str] | None:
    """Whether two lists of plain values have the same ones in another order."""
    plain = all(isinstance(one, str | Number) for one in (*left, *right))
    if not plain or left == right or sorted(map(show, left)) != sorted(map(show, right)):
        return None
    return "order", show(left), show(right)


def _listed(elements: list[Any], names: list[tuple[str, str] | None]) -> str:
    shown = ", ".join(_shown(names))
    return f"{len(elements)} elements" + (f": {shown}" if shown else "")


def _shown(names: list[tuple[str, str] | None], most: int = 8) -> Iterator[str]:
    known = [name[1] for name in names if name is not None]
    yield from known[:most]
    if len(known) > most:
        yield "…"
