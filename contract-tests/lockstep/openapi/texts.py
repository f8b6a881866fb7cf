"""Parses the values of header fields in the style `simple`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

Schema = Mapping[str, Any]
# Returns a schema merged with its references and branches.
Merge = Callable[[Any], Schema]


def readings(value: str) -> Iterator[Any]:
    """Yield the values that the text of a header may represent: the string, or JSON."""
    yield value
    with suppress(ValueError, RecursionError):
        yield json.loads(value)


def simple_readings(
    value: str, schema: Schema, merge: Merge, *, explode: bool = False
) -> Iterator[Any]:
    """Yield the values that a text in the style `simple` may represent (RFC 6570, 3.2.2).

    `schema` is merged (see `Merge`).
    """
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
        known = schema.get("properties", {})
        yield {name: _typed(text, merge(known.get(name, {}))) for name, text in members.items()}
        yield members
        yield {name: scalar(text) for name, text in members.items()}


def simple_members(
    value: str, schema: Schema, *, explode: bool = False
) -> list[str] | dict[str, str] | None:
    """Split a list `a,b`, or an object `name,value` (with `explode`: `name=value`), into texts.

    `None` if the schema is neither, or the text does not have this form.
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
    """Return the JSON types of a schema, inferred from `properties` or `items` if need be."""
    types = schema.get("type", ())
    found = {types} if isinstance(types, str) else {each for each in types if isinstance(each, str)}
    if not found and "properties" in schema:
        return {"object"}
    return {"array"} if not found and "items" in schema else found


def scalar(text: str) -> Any:
    """Parse a text as a number, a boolean or null; return any other text unchanged."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, dict | list | str) else value


def _typed(text: str, schema: Schema) -> Any:
    return text if types_of(schema) == {"string"} else scalar(text)
