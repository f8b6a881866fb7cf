"""Finds the server-generated values of a response by the names of their members."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockstep.openapi.resource_types import ResourceTypes
from lockstep.openapi.shapes import Generated, Path, Shape
from lockstep.transport.literals import Number

# Times are not identifiers that a later request could contain.
_NAMING = frozenset({"id", "key", "token", "cursor", "etag"})


def made_values(
    families: ResourceTypes, value: Any, shape: Shape | None, owner: str, path: Path = ()
) -> Iterator[Generated]:
    """Yield every identifier inside a parsed body; a key such as a slug counts as an id."""
    if isinstance(value, dict):
        for name, member in value.items():
            part = shape.member(name) if shape else None
            family = owner
            if isinstance(member, dict | list):
                family = families.inside(name, owner, part.thing if part else "")
            yield from made_values(families, member, part, family, (*path, name))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            part = shape.element(index) if shape else None
            family = owner
            if part is not None and part.thing and isinstance(element, dict):
                family = families.inside("", owner, part.thing)
            yield from made_values(families, element, part, family, (*path, index))
    elif isinstance(value, str | Number) and value != "":
        yield from _leaf(families, value, owner, path)


def _leaf(
    families: ResourceTypes, value: str | Number, owner: str, path: Path
) -> Iterator[Generated]:
    named = (part for part in reversed(path) if isinstance(part, str))
    name = next((part for part in named if not part.startswith("#")), "")
    role = families.role(name, owner) if name else None
    if role is None or role.kind not in _NAMING:
        return
    text = value.text if isinstance(value, Number) else value
    kind = "id" if role.kind == "key" else role.kind
    if isinstance(value, str) or kind == "id":
        yield Generated(kind, text, path, owner, role.family)
