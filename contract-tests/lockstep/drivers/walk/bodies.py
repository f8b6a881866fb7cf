"""Valid bodies for a walk: a plain one, one that goes to its limits, an odd one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from lockstep.auth.bodies import Room, body_template, flat, kind_of_value, takes_text
from lockstep.auth.texts import drawn
from lockstep.openapi.document import Document
from lockstep.openapi.naming import is_id, is_unique

_TEXT = 'Zwölf, "Ünï" 😀'
_LONGEST = 300
_AMPLE = 100
# What a text with a placeholder needs.
_ROOM = 24
# As long as what the placeholder stands for.
_SAMPLE = " 0a1b2c3d0001"
_OWN = ("${unique}", "${short}", "${digits}")
_CHOSEN = frozenset({"const", "enum", "format"})
_BOUND = ("const", "default", "enum", "example", "examples", "format", "pattern")


class Style(Enum):
    """How the members of a body are chosen.

    `PLAIN`: those that are required. `FULL`: all, as long and as large as they may be. `ODD`: all,
    with null, nothing, the smallest number and text beyond Latin-1 wherever these are allowed.
    `WORDS`: all, each text with a word that no other one has, and with punctuation. `BLANK`: those
    that are required, with texts of blanks.
    """

    PLAIN = "plain"
    FULL = "full"
    ODD = "odd"
    WORDS = "words"
    BLANK = "blank"


def body(
    document: Document, schema: Any, style: Style, name: str = "", room: Room | None = None
) -> Any:
    """A valid value for a schema; in what must differ by user there are placeholders."""
    told, schema = schema, flat(document, schema)
    room = room or Room()
    if style is Style.PLAIN:
        return body_template(document, schema, name)
    if isinstance(schema.get("properties"), Mapping):
        required = schema.get("required", ())
        with room.below(told) as fits:
            return {
                key: body(document, member, style, key, room)
                for key, member in (schema["properties"].items() if fits else ())
                if not flat(document, member).get("readOnly")
                and (key in required or (style is not Style.BLANK and room.takes_optional(member)))
            }
    if style is Style.ODD and may_be_null(schema):
        return None
    if schema.keys() & {"const", "enum", "pattern", "format"}:
        return body_template(document, schema, name)
    return _leaf(document, schema, style, name, room)


def with_own_names(document: Document, schema: Any, value: Any, *, every: bool = False) -> Any:
    """A content with a placeholder in each text that a server may want to have but once.

    With `every` it is in each text that is free, and those of a pattern are others each time.
    """
    merged = flat(document, schema)
    properties = merged.get("properties")
    if not isinstance(value, Mapping) or not isinstance(properties, Mapping):
        return value
    return {
        name: _own_name(document, properties.get(name, {}), name, member, every=every)
        for name, member in value.items()
    }


def _own_name(document: Document, told: Any, name: str, value: Any, *, every: bool) -> Any:
    schema = flat(document, told)
    if isinstance(value, Mapping):
        return with_own_names(document, schema, value, every=every)
    if not isinstance(value, str) or "${" in value or schema.keys() & _CHOSEN:
        return value
    free = not schema.keys() & _BOUND and schema.get("maxLength", _ROOM) >= max(
        _ROOM, len(value) + len(_SAMPLE)
    )
    if free and (every or is_unique(name)):
        return f"{value} ${{unique}}"
    if free or not (every or is_unique(name)):
        return value
    # The number of an article, say, has a form of its own.
    own = (text for text in _OWN if takes_text(document, schema, text))
    return next(own, drawn(schema) or value)


def ample(document: Document, schema: Any) -> dict[str, int]:
    """The whole numbers of a body that are no ids, a hundred each where that is allowed."""
    found = {}
    properties = flat(document, schema).get("properties")
    for name, told in properties.items() if isinstance(properties, Mapping) else ():
        member = flat(document, told)
        chosen = member.keys() & {"const", "enum", "readOnly"}
        if kind_of_value(member) == "integer" and not chosen and not is_id(name):
            largest = member.get("maximum", member.get("exclusiveMaximum", _AMPLE + 1) - 1)
            found[name] = max(min(_AMPLE, largest), member.get("minimum", 0))
    return found


def single_changes(document: Document, schema: Any) -> Iterator[dict[str, Any]]:
    """Bodies that change one member each, as `FULL` and as `ODD` have it."""
    for style in (Style.FULL, Style.ODD):
        whole = body(document, schema, style)
        for name, member in whole.items() if isinstance(whole, Mapping) else ():
            if isinstance(member, Mapping) and member:
                yield from ({name: {inner: value}} for inner, value in member.items())
            else:
                yield {name: member}


def confused(document: Document, schema: Any) -> Iterator[Any]:
    """Bodies with one member of another type that a lenient server takes: `"12"`, say, for 12.

    Servers that convert what they are sent accept these, and those that check it do not.
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


def may_be_null(schema: Mapping[str, Any]) -> bool:
    """Whether a schema takes null."""
    return isinstance(schema.get("type"), list) and "null" in schema["type"]


def _leaf(
    document: Document, schema: Mapping[str, Any], style: Style, name: str, room: Room
) -> Any:
    full = style is Style.FULL
    match kind_of_value(schema):
        case "string":
            longest = min(schema.get("maxLength", 30), _LONGEST)
            text = _text(style, name, longest)
            return text.ljust(schema.get("minLength", 0), " " if style is Style.BLANK else "z")
        case "integer" | "number" if full:
            return schema.get("maximum", 12)
        case "integer" | "number" if style is Style.ODD and "minimum" in schema:
            return schema["minimum"]
        case "boolean":
            return full
        case "array" if full or style is Style.WORDS:
            count = min(schema.get("maxItems", 2), 2)
            items = schema.get("items", {})
            with room.below(None) as fits:
                return [
                    body(document, items, style, f"{name} {number}", room)
                    for number in range(1, 1 + (count if fits else 0))
                ]
        case _:
            return body_template(document, schema, name)


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
