"""Named values that may be repeated, and how two bodies of them become comparable values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from lockstep.bodies.xml import Element
from lockstep.transport.literals import Object

Path = tuple[str, ...]
# A path and what has to be known of the node there: see `traits`.
Trait = tuple[Path, str]
_LIST, _OBJECT, _MIXED = "list", "object", "mixed"


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields of a form, or its parts, in order; a name may come several times."""

    pairs: tuple[tuple[str, Any], ...]


def traits(node: Any, path: Path = ()) -> Iterator[Trait]:
    """What of a body says how it is to be written as members, lists and texts.

    Two bodies are comparable where both are written by the traits of either: a name that is
    repeated is a `list`, an element that has more than text an `object`, one in which text or other
    elements stand between elements of a name is `mixed`.
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
    """A body as objects, lists and texts.

    Attributes of elements are members called `@name`, in order of their names; text beside them is
    `#text`, what is mixed stands in order in `#content`.
    """
    if isinstance(node, Fields):
        # In which order the names come says nothing.
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
    """Each name once, with its value, or a list of its values."""
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
        # Nothing is grouped here: each stands alone under its name.
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
