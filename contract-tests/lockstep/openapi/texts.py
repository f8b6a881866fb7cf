"""Values as they are written in headers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

Schema = Mapping[str, Any]
# A schema with its references and `allOf` laid together.
Merge = Callable[[Any], Schema]


def readings(value: str) -> Iterator[Any]:
    """What the text of a header may stand for: itself, or JSON."""
    yield value
    with suppress(ValueError, RecursionError):
        yield json.loads(value)


def simple_readings(
    value: str, schema: Schema, merge: Merge, *, explode: bool = False
) -> Iterator[Any]:
    """What a text in the style `simple` may stand for (RFC 6570, 3.2.2), by its merged schema."""
    if not {"array", "object"} & types_of(schema):
        yield from readings(value)
        return
    yield value
    members = simple_members(value, schema, explode=explode)
    if isinstance(members, list):
        items = merge(schema.get("items", {}))
        yield [_typed(text, items) for text in members]
        yield members
        yield list(map(scalar, members))
    elif members is not None:
        told = schema.get("properties", {})
        yield {name: _typed(text, merge(told.get(name, {}))) for name, text in members.items()}
        yield members
        yield {name: scalar(text) for name, text in members.items()}


def simple_members(
    value: str, schema: Schema, *, explode: bool = False
) -> list[str] | dict[str, str] | None:
    """The texts of a list `a,b`, or those of an object by name: `name,value`, and with `explode`
    `name=value`; `None` if it is neither, or not written so.
    """
    types = types_of(schema)
    parts = [part.strip() for part in value.split(",")] if value.strip() else []
    if "array" in types:
        return parts
    if "object" not in types:
        return None
    if explode:
        named = [part.partition("=") for part in parts]
        return {name: text for name, _, text in named} if all(p[1] for p in named) else None
    pairs = zip(parts[::2], parts[1::2], strict=False)
    return dict(pairs) if len(parts) % 2 == 0 else None


def types_of(schema: Schema) -> set[str]:
    """The types that a schema names."""
    types = schema.get("type", ())
    found = {types} if isinstance(types, str) else {each for each in types if isinstance(each, str)}
    if not found and "properties" in schema:
        return {"object"}
    return {"array"} if not found and "items" in schema else found


def scalar(text: str) -> Any:
    """A text as the number, the boolean or the null that it is, else as it is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, dict | list | str) else value


def _typed(text: str, schema: Schema) -> Any:
    return text if types_of(schema) == {"string"} else scalar(text)
