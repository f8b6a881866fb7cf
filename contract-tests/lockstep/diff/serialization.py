"""Changes of how the values of parameters, headers and parts of a form become text."""

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
    """Compare two descriptions of one value; what is left out has its default.

    `place` is that of a parameter: `path`, `query`, `header`, `cookie` (OpenAPI 3.1, 4.8.12.2).
    """
    before, after = _effective(old, place), _effective(new, place)
    for word, was in before.items():
        if was != after[word]:
            space = Space.OTHER
            if word == "allowReserved":
                space = Space.WIDER if after[word] else Space.NARROWER
            sentence = f"{word} changed, and with it how values are written"
            yield Change(effect_of(space, side), f"{word}-changed", sentence, new.pointer)


def is_exploded_form(parameter: Node) -> bool:
    """Whether each member of an object in a query is written as a parameter of its own."""
    way = _effective(parameter, "query")
    return way["style"] == "form" and way["explode"] is True


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
    """Compare the schemas of values that are written as text, where one takes any text at all.

    A number is written as before where any text may stand. Nothing for all other values.
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


def _is_plain(schema: Folded) -> bool:
    return bool(schema.types) and _PLAIN.issuperset(schema.types or ())


def _is_any_text(schema: Folded) -> bool:
    return schema.types == ["string"] and KNOWN.isdisjoint(schema.keywords.keys() - {"default"})


def _is_single(node: Node) -> bool:
    """Whether no value is an array or an object."""
    if "schema" not in node.value:
        return False
    types = fold(node.child("schema")).types
    return types is not None and _COMPOUND.isdisjoint(types)
