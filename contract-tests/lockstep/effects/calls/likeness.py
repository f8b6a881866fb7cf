"""Finds which call of one target corresponds to which call of another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lockstep.effects.calls.call import Call, is_identifier
from lockstep.inference.forms import is_random, same_form
from lockstep.matching.timestamps import both, read_instant
from lockstep.openapi.naming import kind_of
from lockstep.transport.literals import Number, Object, show

# Maps a value of the leader to the values that it corresponds to on the other side.
Images = Callable[[str], Collection[str]]
_ENOUGH = 0.5
# Scores of values that may correspond, and of those that are known to.
_MAY, _DOES = 0.5, 1.0
_URL, _CONTENT, _METHOD = 4.0, 4.0, 1.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """The similarity of two calls; `exact` if they differ in server-generated values only."""

    exact: bool
    score: float


def likeness(left: Call, right: Call, images: Images) -> Likeness | None:
    """Return the similarity of two calls, or `None` if they cannot be counterparts."""
    ours, theirs = [left.origin, *left.segments], [right.origin, *right.segments]
    same_method = left.method == right.method
    url = _share([_alike(a, b, _named(a), images) for a, b in zip(ours, theirs, strict=False)])
    url *= min(len(ours), len(theirs)) / max(len(ours), len(theirs))
    leaves = dict(_leaves(left)), dict(_leaves(right))
    alike = [
        _alike(text, leaves[1][path], _is_made(path, text), images)
        for path, text in leaves[0].items()
        if path in leaves[1]
    ]
    every = len(leaves[0].keys() | leaves[1].keys())
    content = sum(alike) / every if every else None
    same_url = (
        len(ours) == len(theirs) and left.place.partition(" ")[2] == (right.place.partition(" ")[2])
    )
    if not _may_be_counterparts(same_method, same_url, url, content):
        return None
    exact = same_method and same_url and len(alike) == every and all(alike)
    score = _METHOD * same_method + _URL * url + _CONTENT * (1.0 if content is None else content)
    return Likeness(exact, score)


def counterparts(
    left: Sequence[Call], right: Sequence[Call], images: Images
) -> list[tuple[int, int]]:
    """Return index pairs of corresponding calls, the most similar matched first, in any order."""
    found = [
        (-one.score, at, other)
        for at, ours in enumerate(left)
        for other, theirs in enumerate(right)
        if (one := likeness(ours, theirs, images)) is not None
    ]
    taken: tuple[set[int], set[int]] = set(), set()
    pairs = []
    for _, at, other in sorted(found):
        if at not in taken[0] and other not in taken[1]:
            taken[0].add(at)
            taken[1].add(other)
            pairs.append((at, other))
    return sorted(pairs)


def _may_be_counterparts(
    same_method: bool, same_url: bool, url: float, content: float | None
) -> bool:
    if same_method and same_url:
        return True
    # With another URL or another method, the payloads have to be the same or nearly so.
    if not (same_url or same_method):
        return False
    return content >= _ENOUGH if content is not None else url > _ENOUGH


def _share(parts: Sequence[float]) -> float:
    return sum(parts) / len(parts) if parts else 0.0


def _named(segment: str) -> bool:
    return "://" not in segment and is_identifier(segment)


def _alike(left: str, right: str, made: bool, images: Images) -> float:
    """Return 1 for values that correspond, 0.5 for those that may, else 0."""
    known = images(left) if made else ()
    if known:
        return _DOES if right in known else 0.0
    if left == right:
        return _DOES
    if made and (same_form(left, right, named=True) or both(read_instant, left, right)):
        return _MAY
    return 0.0


def _is_made(path: tuple[str, ...], text: str) -> bool:
    """Whether a value may be server-generated, judged by its name or its format."""
    named = next((part for part in reversed(path) if part != "*"), "")
    return kind_of(named) is not None or is_random(text) or read_instant(text) is not None


def _leaves(call: Call) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, value in call.query.items():
        yield ("query", name), value
    if call.body or call.whole is not None:
        yield from _inside(call.content, ("body",))


def _inside(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(node, Object):
        for name, member in node.items():
            yield from _inside(member, (*path, name))
    elif isinstance(node, list):
        for at, element in enumerate(node):
            yield from _inside(element, (*path, "*" * (at + 1)))
    elif isinstance(node, Number):
        yield path, node.text
    else:
        yield path, node if isinstance(node, str) else show(node)
