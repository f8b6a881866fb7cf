"""Valid bodies for a walk: plain, extreme, and unusual ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import zip_longest
from typing import Any

import jsonschema_rs

from lockstep.auth.bodies import (
    Room,
    body_template,
    flat,
    is_password,
    kind_of_value,
    takes_text,
)
from lockstep.auth.texts import drawn
from lockstep.openapi.bounds import least_length
from lockstep.openapi.document import Document
from lockstep.openapi.naming import is_id, is_unique

_TEXT = 'Zwölf, "Ünï" 😀'
_LONGEST = 300
_AMPLE = 100
# Space needed for a text with a placeholder.
_ROOM = 24
# As long as the placeholder's replacement.
_SAMPLE = " 0a1b2c3d0001"
_OWN = ("${unique}", "${short}", "${digits}")
_CHOSEN = frozenset({"const", "enum", "format"})
# Maximum number of values of an enum.
_MOST_CHOSEN = 4
# Binary fractions are exact.
_FRACTION = 0.25
_OF_NUMBERS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
)
_LIMITING = frozenset({"const", "enum", "format", "maxLength", "pattern", "readOnly"})
_BOUND = ("const", "default", "enum", "example", "examples", "format", "pattern")


class Style(Enum):
    """How the members of a body are chosen.

    `PLAIN`: the required ones. `FULL`: all, as long and as large as allowed. `ODD`: all, with null,
    empty values, the smallest number and text beyond Latin-1 wherever these are allowed. `WORDS`:
    all, each text with a unique word, and with punctuation. `BLANK`: the required ones, with blank
    texts.
    """

    PLAIN = "plain"
    FULL = "full"
    ODD = "odd"
    WORDS = "words"
    BLANK = "blank"


def body(
    document: Document, schema: Any, style: Style, name: str = "", room: Room | None = None
) -> Any:
    """Return a valid value for a schema, with placeholders where it must differ by user."""
    declared, schema = schema, flat(document, schema)
    room = room or Room()
    if style is Style.PLAIN:
        return body_template(document, schema, name)
    if isinstance(schema.get("properties"), Mapping):
        required = schema.get("required", ())
        with room.below(declared) as fits:
            return {
                key: body(document, member, style, key, room)
                for key, member in (schema["properties"].items() if fits else ())
                if not flat(document, member).get("readOnly")
                and (key in required or (style is not Style.BLANK and room.takes_optional(member)))
            }
    if style is Style.ODD and may_be_null(schema):
        return None
    if "enum" in schema and "const" not in schema:
        return _chosen(document, schema, style, name)
    if schema.keys() & _CHOSEN:
        return body_template(document, schema, name)
    leaf = _leaf(document, schema, style, name, room)
    if isinstance(leaf, str) and "pattern" in schema and not takes_text(document, schema, leaf):
        return body_template(document, schema, name)
    return leaf


def _chosen(document: Document, schema: Mapping[str, Any], style: Style, name: str) -> Any:
    """Return a value of an enum: the last one in a full body, one in between in an odd one."""
    values = [each for each in schema["enum"] if each is not None]
    if style not in (Style.FULL, Style.ODD) or len(values) < 2:
        return body_template(document, schema, name)
    return values[-1] if style is Style.FULL else values[len(values) // 2]


def with_own_names(document: Document, schema: Any, value: Any, *, every: bool = False) -> Any:
    """Return a body with a placeholder in each text that may have to be unique.

    With `every`, in each free text, and texts with a pattern are drawn anew.
    """
    merged = flat(document, schema)
    properties = merged.get("properties")
    if not isinstance(value, Mapping) or not isinstance(properties, Mapping):
        return value
    return {
        name: _own_name(document, properties.get(name, {}), name, member, every=every)
        for name, member in value.items()
    }


def _own_name(document: Document, declared: Any, name: str, value: Any, *, every: bool) -> Any:
    schema = flat(document, declared)
    if isinstance(value, Mapping):
        return with_own_names(document, schema, value, every=every)
    if isinstance(value, list) and every:
        items = schema.get("items", {})
        return [with_own_names(document, items, each, every=True) for each in value]
    if not isinstance(value, str) or "${" in value or schema.keys() & _CHOSEN:
        return value
    free = not schema.keys() & _BOUND and schema.get("maxLength", _ROOM) >= max(
        _ROOM, len(value) + len(_SAMPLE)
    )
    if free and (every or is_unique(name)):
        return f"{value} ${{unique}}"
    if free or not (every or is_unique(name)):
        return value
    # An article number, for example, has a format of its own.
    own = (text for text in _OWN if takes_text(document, schema, text))
    return next(own, drawn(schema) or value)


def with_long_texts(document: Document, schema: Any, value: Any) -> Iterator[dict[str, Any]]:
    """Yield bodies with a long text beyond the BMP in one free member each.

    Lists may show the beginning of it, which servers cut after bytes, UTF-16 units or characters.
    """
    properties = flat(document, schema).get("properties")
    for name, declared in properties.items() if isinstance(properties, Mapping) else ():
        member = flat(document, declared)
        free = kind_of_value(member) == "string" and not member.keys() & _LIMITING
        plain = isinstance(value, Mapping) and isinstance(value.get(name), str)
        if free and plain and not is_unique(name) and not is_password(name):
            yield {**value, name: "😀" * _LONGEST}


def with_invalid_element(document: Document, schema: Any, value: Any) -> Any:
    """Return a body with an invalid element in the midst of its first list of objects.

    The element lacks a required member. `None` if the body has no such list.
    """
    properties = flat(document, schema).get("properties")
    for name, member in value.items() if isinstance(value, Mapping) else ():
        declared = properties.get(name) if isinstance(properties, Mapping) else None
        items = flat(document, flat(document, declared).get("items", {}))
        needed = next(iter(items.get("required", ())), None)
        first = next(iter(member), None) if isinstance(member, list) else None
        if needed is not None and isinstance(first, Mapping) and needed in first:
            wrong = {key: each for key, each in first.items() if key != needed}
            return {**value, name: [first, wrong, *member[1:]]}
    return None


def ample(document: Document, schema: Any) -> dict[str, int]:
    """The whole numbers of a body that are no ids, a hundred each where that is allowed."""
    found = {}
    properties = flat(document, schema).get("properties")
    for name, declared in properties.items() if isinstance(properties, Mapping) else ():
        member = flat(document, declared)
        chosen = member.keys() & {"const", "enum", "readOnly"}
        if kind_of_value(member) == "integer" and not chosen and not is_id(name):
            largest = member.get("maximum", member.get("exclusiveMaximum", _AMPLE + 1) - 1)
            found[name] = max(min(_AMPLE, largest), member.get("minimum", 0))
    return found


def single_changes(document: Document, schema: Any) -> Iterator[dict[str, Any]]:
    """Yield bodies that change one member each, with the values of `FULL` and `ODD`.

    A member with an enum gets each of its first values. Each member has been set, and then been
    null or empty where that is allowed, before any has a further value, such as a nested one.
    """
    members = flat(document, schema).get("properties", {})
    # The changes of each member in each style, in rounds.
    columns: dict[str, list[list[list[dict[str, Any]]]]] = {}
    for style in (Style.FULL, Style.ODD):
        whole = body(document, schema, style)
        for name, member in whole.items() if isinstance(whole, Mapping) else ():
            chosen = flat(document, members.get(name)).get("enum", ())
            if chosen and style is Style.FULL:
                changes = [[{name: value} for value in chosen[:_MOST_CHOSEN]]]
            elif isinstance(member, Mapping) and member:
                changes = [[{name: {inner: value}}] for inner, value in member.items()]
            else:
                changes = [[{name: member}]]
            columns.setdefault(name, []).append(changes)
    rounds = zip_longest(*(each for several in columns.values() for each in several), fillvalue=[])
    yield from (change for each in rounds for several in each for change in several)


def confused(document: Document, schema: Any) -> Iterator[Any]:
    """Yield bodies with one member of another type, such as `"12"` for 12.

    Lenient servers convert such values, strict ones refuse them.
    """
    yield from _confused(body(document, schema, Style.FULL))


def _confused(node: Any) -> Iterator[Any]:
    for name, member in node.items() if isinstance(node, Mapping) else ():
        if isinstance(member, Mapping):
            yield from ({**node, name: variant} for variant in _confused(member))
        elif isinstance(member, bool):
            yield {**node, name: str(member).lower()}
        elif isinstance(member, int | float):
            yield {**node, name: str(member)}
        elif isinstance(member, str):
            yield {**node, name: 12}


def without_blamed(document: Document, schema: Any, value: Any, message: str) -> Any:
    """A content without the optional members that a refusal names: they may refer to nothing."""
    required = flat(document, schema).get("required", ())
    if not isinstance(value, Mapping):
        return value
    return {
        name: member
        for name, member in value.items()
        if name in required or not re.search(rf"\b{re.escape(name)}\b", message)
    }


def with_member(template: Any, path: tuple[str, ...], value: Any) -> Any:
    """Return a body with a member set; missing parent objects are created."""
    if not path:
        return value
    if isinstance(template, list):
        first, *others = template
        return [with_member(first, path[1:], value), *others]
    known = template if isinstance(template, Mapping) else {}
    return {**known, path[0]: with_member(known.get(path[0]), path[1:], value)}


def may_be_null(schema: Mapping[str, Any]) -> bool:
    """Whether a schema allows null."""
    return isinstance(schema.get("type"), list) and "null" in schema["type"]


def _leaf(
    document: Document, schema: Mapping[str, Any], style: Style, name: str, room: Room
) -> Any:
    full = style is Style.FULL
    match kind_of_value(schema):
        case "string":
            longest = min(schema.get("maxLength", 30), _LONGEST)
            text = _text(style, name, longest)
            return text.ljust(least_length(schema), " " if style is Style.BLANK else "z")
        case "integer" | "number" if full:
            return schema.get("maximum", 12)
        case "number" if style is Style.WORDS:
            return _with_fraction(schema, body_template(document, schema, name))
        case "integer" | "number" if style is Style.ODD and "minimum" in schema:
            return schema["minimum"]
        case "boolean" if style is Style.WORDS:
            # What has words is worked on, and so in the usual state: an active user.
            return schema.get("default", False)
        case "boolean":
            return full
        case "array" if full or style is Style.WORDS:
            count = min(schema.get("maxItems", 2), 2)
            items = schema.get("items", {})
            with room.below(None) as fits:
                found = [
                    body(document, items, style, f"{name} {number}", room)
                    for number in range(1, 1 + (count if fits else 0))
                ]
            return found[:1] if schema.get("uniqueItems") and found[1:] == found[:1] else found
        case "object" if style is not Style.BLANK and _takes_any_name(schema):
            # A map, or an object that the document leaves open.
            inner = schema.get("additionalProperties")
            declared = inner if isinstance(inner, Mapping) and inner else {"type": "string"}
            with room.below(declared) as fits:
                return {"note": body(document, declared, style, "note", room)} if fits else {}
        case _:
            return body_template(document, schema, name)


def _with_fraction(schema: Mapping[str, Any], number: Any) -> Any:
    """Return a number with two decimal places, as a price has, where a schema takes it."""
    fraction = number + _FRACTION if isinstance(number, int | float) else number
    validator = jsonschema_rs.validator_for({k: v for k, v in schema.items() if k in _OF_NUMBERS})
    return fraction if validator.is_valid(fraction) else number


def _takes_any_name(schema: Mapping[str, Any]) -> bool:
    """Whether an object may have members with names that its schema does not list."""
    limited = schema.keys() & {"propertyNames", "patternProperties", "maxProperties"}
    return not limited and schema.get("additionalProperties", True) is not False


def _text(style: Style, name: str, longest: int) -> str:
    match style:
        case Style.FULL:
            return "a" * longest
        case Style.BLANK:
            return ""
        case Style.WORDS:
            word = "".join(filter(str.isalnum, name)).capitalize()
            return f'{word or "Lockstep"}, "Ünï" 😀'[:longest].strip()
    return _TEXT[:longest]
