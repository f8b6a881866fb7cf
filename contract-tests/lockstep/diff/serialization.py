"""Changes of the serialization of parameters, headers and parts of a form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockstep.diff.changes import Change, Side, Space, effect_of
from lockstep.diff.folding import Folded, fold
from lockstep.diff.keywords import KNOWN
from lockstep.diff.nodes import Node

WORDS = frozenset({"style", "explode", "allowReserved"})
_SIMPLE = frozenset({"path", "header"})
_EXPLODED = frozenset({"form", "cookie"})
_COMPOUND = frozenset({"array", "object"})
_PLAIN = frozenset({"boolean", "integer", "number"})


def serialization_changes(
    old: Node, new: Node, place: str, side: Side = Side.REQUEST
) -> Iterator[Change]:
    """Compare `style`, `explode` and `allowReserved` of one value, including defaults.

    `place` is its location: `path`, `query`, `header` or `cookie` (OpenAPI 3.1, 4.8.12.2).
    """
    before, after = _effective(old, place), _effective(new, place)
    for field, was in before.items():
        if was != after[field]:
            space = Space.OTHER
            if field == "allowReserved":
                space = Space.WIDER if after[field] else Space.NARROWER
            sentence = f"{field} changed: values are serialized differently"
            yield Change(effect_of(space, side), f"{field}-changed", sentence, new.pointer)


def is_exploded_form(parameter: Node) -> bool:
    """Whether the members of an object in the query are serialized as separate parameters."""
    effective = _effective(parameter, "query")
    return effective["style"] == "form" and effective["explode"] is True


def _effective(node: Node, place: str) -> dict[str, Any]:
    described = node.value
    style = described.get("style") or ("simple" if place in _SIMPLE else "form")
    explode = described.get("explode")
    if style == "deepObject" or _is_single(node):
        # It has no effect there.
        explode = None
    return {
        "style": style,
        "explode": style in _EXPLODED if explode is None else bool(explode),
        "allowReserved": place == "query" and bool(described.get("allowReserved")),
    }


def text_changes(old: Node | None, new: Node | None, side: Side) -> list[Change]:
    """Compare the schemas of values that are serialized as text, if one allows any string.

    A number remains valid where any string is allowed. Return no changes for all other schemas.
    """
    if old is None or new is None:
        return []
    before, after = fold(old), fold(new)
    if _is_plain(before) and _is_any_text(after):
        space = Space.WIDER
    elif _is_any_text(before) and _is_plain(after):
        space = Space.NARROWER
    else:
        return []
    was, now = (" or ".join(one.types or ()) for one in (before, after))
    sentence = f"the type was {was}, is {now}"
    return [Change(effect_of(space, side), "type-changed", sentence, f"{after.pointer}/type")]


def repeated_item(old: Node, new: Node) -> Node | None:
    """Return the schema of the items of a query parameter that was a single value.

    `?tag=a` is also an array of one item, if the array is serialized as repeated parameters
    (RFC 6570, 3.2.8). Return `None` for all other changes.
    """
    if "schema" not in new.value or not _is_single(old) or not is_exploded_form(new):
        return None
    schema = fold(new.child("schema"))
    least, most = (schema.keywords.get(keyword) for keyword in ("minItems", "maxItems"))
    holds_one = (least is None or least.value <= 1) and (most is None or most.value >= 1)
    if schema.types != ["array"] or not holds_one or "prefixItems" in schema.keywords:
        return None
    return schema.keywords.get("items")


def _is_plain(schema: Folded) -> bool:
    return bool(schema.types) and _PLAIN.issuperset(schema.types or ())


def _is_any_text(schema: Folded) -> bool:
    return schema.types == ["string"] and KNOWN.isdisjoint(schema.keywords.keys() - {"default"})


def _is_single(node: Node) -> bool:
    """Whether all values are neither arrays nor objects."""
    if "schema" not in node.value:
        return False
    types = fold(node.child("schema")).types
    return types is not None and _COMPOUND.isdisjoint(types)
