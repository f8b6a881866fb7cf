"""Binary bodies and files in forms, whose notation depends on the version of OpenAPI.

A file is `type: string, format: binary` in 3.0; in 3.1 it is an empty schema, or one with only
`contentMediaType` (OpenAPI 3.1, 4.8.14.2 and 4.8.14.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lockstep.diff.changes import Change, Effect, Side, Space, effect_of, within
from lockstep.diff.folding import fold
from lockstep.diff.media_types import normalised, space_of
from lockstep.diff.nodes import Node, is_equal, member_of, members_of
from lockstep.diff.serialization import serialization_changes

_BYTES = "application/octet-stream"
_ABOUT_BYTES = frozenset({"type", "format", "contentMediaType"})
_COMPOSED = frozenset({"$ref", "allOf", "anyOf", "oneOf", "enum", "const", "properties", "items"})


def as_bytes(schema: Node | None) -> Node | None:
    """Return the schema of a body without the keywords that only declare it as binary."""
    if schema is None:
        return None
    node = schema.followed()
    return _without(node) if _may_be_bytes(node.value) else schema


def as_form(schema: Node | None) -> Node | None:
    """Return the schema of a form in which the schemas of files are empty."""
    node = schema.followed() if schema else None
    if node is None or not isinstance(node.value, Mapping) or "properties" not in node.value:
        return schema
    inside = node.child("properties")
    files = {name: _file(inside.child(name)) for name in inside.value}
    changed = {name: value for name, value in files.items() if value is not None}
    if not changed:
        return schema
    value = {**node.value, "properties": {**inside.value, **changed}}
    return replace(node, value=value, rewritten=True)


def part_changes(old: Node, new: Node, side: Side) -> Iterator[Change]:
    """Compare the encodings of the parts of two forms, including defaults."""
    before, after = (members_of(member_of(node, "encoding")) for node in (old, new))
    types = _types(old), _types(new)
    for name in [name for name in types[0] if name in types[1]]:
        yield from within(name, _types_changes(types[0][name], types[1][name], new, side))
    for name in before | after:
        one = before.get(name) or Node(old.document, {}, old.pointer)
        other = after.get(name) or Node(new.document, {}, new.pointer)
        yield from within(name, serialization_changes(one, other, "query", side))
        if not is_equal(member_of(one, "headers"), member_of(other, "headers")):
            sentence = "encoding changed: parts are serialized differently"
            yield from within(
                name, [Change(Effect.BREAKING, "encoding-changed", sentence, new.pointer)]
            )


def _types_changes(old: list[str], new: list[str], place: Node, side: Side) -> Iterator[Change]:
    space = space_of(old, new)
    if space is not Space.SAME:
        sentence = f"its content type was {', '.join(old)}, is {', '.join(new)}"
        yield Change(effect_of(space, side), "encoding-changed", sentence, place.pointer)


def _types(media_type: Node) -> dict[str, list[str]]:
    """Return the content types of each part, from its encoding, else from its schema."""
    encoding = members_of(member_of(media_type, "encoding"))
    schema = member_of(media_type, "schema")
    properties = fold(schema).properties if schema else {}
    found = {}
    for name, part in properties.items():
        explicit = encoding[name].value.get("contentType") if name in encoding else None
        found[name] = [normalised(one) for one in str(explicit or _default(part)).split(",")]
    return found


def _default(part: Node, is_item: bool = False) -> str:
    """Return the default content type (OpenAPI 3.1, 4.8.15.1.1); an array has that of its items."""
    folded = fold(part)
    types = [kind for kind in folded.types or [] if kind != "null"]
    if types == ["array"] and "items" in folded.keywords and not is_item:
        return _default(folded.keywords["items"], is_item=True)
    if "contentEncoding" in folded.keywords:
        return _BYTES
    if "contentMediaType" in folded.keywords:
        return str(folded.keywords["contentMediaType"].value)
    if types == ["object"] or folded.properties:
        return "application/json"
    listed = bool(types) or not folded.keywords.keys().isdisjoint({"anyOf", "oneOf", "enum"})
    return "text/plain" if listed else _BYTES


def _file(part: Node) -> dict[str, Any] | None:
    """Return the normalised schema of a part that is a file or an array of files, else `None`."""
    node = part.followed()
    value = node.value
    if not isinstance(value, Mapping):
        return None
    if value.get("type") == "array" and "items" in value:
        items = _file(node.child("items"))
        return None if items is None else {**value, "items": items}
    is_declared = value.get("format") == "binary" or "contentMediaType" in value
    if not (_may_be_bytes(value) and is_declared):
        return None
    bare: dict[str, Any] = _without(node).value
    return bare


def _may_be_bytes(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and value.get("type") in (None, "string", ["string"])
        and value.get("format") in (None, "binary")
        and "contentEncoding" not in value
        and value.keys().isdisjoint(_COMPOSED)
    )


def _without(node: Node) -> Node:
    rest = {key: value for key, value in node.value.items() if key not in _ABOUT_BYTES}
    return replace(node, value=rest, rewritten=True)
