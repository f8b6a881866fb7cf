"""Converts forms, parts and XML into comparable objects, lists and strings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from lockstep.bodies.xml import Element
from lockstep.transport.literals import Object

Path = tuple[str, ...]
# A path, and how the node there is represented: see `traits`.
Trait = tuple[Path, str]
_LIST, _OBJECT, _MIXED = "list", "object", "mixed"


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields or parts of a form in order; names may be repeated."""

    pairs: tuple[tuple[str, Any], ...]


def traits(node: Any, path: Path = ()) -> Iterator[Trait]:
    """Yield how the nodes of a body must be represented: as `list`, `object` or `mixed`.

    Two bodies become comparable if both are converted with the traits of both. A repeated name is a
    `list`, an element with attributes or child elements an `object`, and an element is `mixed` if
    text or other elements occur between its child elements of one name.
    """
    if isinstance(node, Fields):
        yield from ((name, _LIST) for name in _repeated(path, node.pairs))
        for name, value in node.pairs:
            yield from traits(value, (*path, name))
    elif isinstance(node, Element):
        yield from _element_traits(node, path)
    elif isinstance(node, list):
        for item in node:
            yield from traits(item, (*path, "*"))
    elif isinstance(node, dict):
        for name, value in node.items():
            yield from traits(value, (*path, name))


def plain(node: Any, known: Collection[Trait], path: Path = ()) -> Any:
    """Convert a body into objects, lists and strings.

    Attributes become members `@name` in alphabetical order, text beside other members becomes
    `#text`, and mixed content becomes the list `#content`.
    """
    if isinstance(node, Fields):
        # The order of the names is not significant.
        pairs = sorted(node.pairs, key=lambda pair: pair[0])
        return Object(list(_grouped(pairs, known, path)))
    if isinstance(node, Element):
        return _plain_element(node, known, path)
    if isinstance(node, list):
        return [plain(item, known, (*path, "*")) for item in node]
    if isinstance(node, dict):
        return Object([(name, plain(value, known, (*path, name))) for name, value in node.items()])
    return node


def _repeated(path: Path, pairs: Collection[tuple[str, Any]]) -> Iterator[Path]:
    counts = Counter(name for name, _ in pairs)
    return ((*path, name) for name, count in counts.items() if count > 1)


def _grouped(
    pairs: Collection[tuple[str, Any]], known: Collection[Trait], path: Path
) -> Iterator[tuple[str, Any]]:
    """Yield each name once, with its value or the list of its values."""
    grouped: dict[str, list[Any]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(plain(value, known, (*path, name)))
    for name, values in grouped.items():
        several = ((*path, name), _LIST) in known
        yield name, values if several else values[0]


def _element_traits(node: Element, path: Path) -> Iterator[Trait]:
    inner = node.elements
    if node.attributes or inner:
        yield path, _OBJECT
    if node.is_mixed:
        yield path, _MIXED
    yield from ((name, _LIST) for name in _repeated(path, inner))
    for name, child in inner:
        yield from traits(child, (*path, name))


def _plain_element(node: Element, known: Collection[Trait], path: Path) -> Any:
    if (path, _OBJECT) not in known:
        return node.text
    members: list[tuple[str, Any]] = [(f"@{name}", node.attributes[name]) for name in node.names]
    if (path, _MIXED) in known:
        # The order is significant, so that children are not grouped by name.
        content = [
            child if isinstance(child, str) else Object([_alone(child, known, path)])
            for child in node.children
        ]
        return Object([*members, ("#content", content)])
    if node.text:
        members.append(("#text", node.text))
    return Object([*members, *_grouped(node.elements, known, path)])


def _alone(child: Element, known: Collection[Trait], path: Path) -> tuple[str, Any]:
    return child.name, plain(child, known, (*path, child.name))
