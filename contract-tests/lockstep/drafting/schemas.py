"""Infers schemas from recorded values."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lockstep.auth.bodies import is_password
from lockstep.drafting.forms import format_name, is_word
from lockstep.drafting.values import Texts, Values
from lockstep.openapi.naming import words
from lockstep.report.secret_names import is_secret_name

Schema = dict[str, Any]
# Maps an object and its member name to a `$ref`; `None` for an inline schema.
Refer = Callable[[Values, str], str | None]

_TYPES = ("object", "array", "string", "integer", "number", "boolean")
# Names of members whose values are enumerations, not user input.
_ENUMERATED = frozenset(
    re.findall(
        r"\w+",
        """
        status state type kind level priority severity mode visibility phase stage unit currency
        scope order sort direction frequency interval plan tier role method protocol format action
        """,
    )
)
_ENOUGH = 8
_MOST_WORDS = 8


def schema_of(values: Values, name: str = "", refer: Refer | None = None) -> Schema:
    """Return the schema of all values of a place; `name` is that of the member, if it is one."""
    types = [kind for kind in _TYPES if kind in values.types]
    if "number" in types and "integer" in types:
        types.remove("integer")
    if values.is_cut or not types:
        return {"description": "Only null was seen."} if values.counts["null"] else {}
    schemas = [_schema(kind, values, name, refer) for kind in types]
    nullable = values.counts["null"] > 0
    if len(schemas) == 1 and "$ref" not in schemas[0]:
        (schema,) = schemas
        return {**schema, "type": [types[0], "null"]} if nullable else schema
    if all(schema.keys() == {"type"} for schema in schemas):
        return {"type": [*types, *(["null"] if nullable else [])]}
    alternatives = [*schemas, *([{"type": "null"}] if nullable else [])]
    return {"anyOf": alternatives} if len(alternatives) > 1 else alternatives[0]


def object_schema(values: Values, name: str = "", refer: Refer | None = None) -> Schema:
    """Return the inline schema of the objects of a place."""
    if values.is_map:
        return {
            "type": "object",
            "additionalProperties": schema_of(values.mapped(), name, refer),
        }
    objects = values.counts["object"]
    members = {key: member for key, member in values.members.items() if _is_writable(key)}
    required = [key for key, member in members.items() if member.count + member.is_cut >= objects]
    schema: Schema = {"type": "object"}
    if required:
        schema["required"] = required
    if members:
        schema["properties"] = {
            key: schema_of(member, key, refer) for key, member in members.items()
        }
    return schema


def _schema(kind: str, values: Values, name: str, refer: Refer | None) -> Schema:
    match kind:
        case "object":
            target = refer(values, name) if refer is not None else None
            return {"$ref": target} if target else object_schema(values, name, refer)
        case "array":
            return {"type": "array", "items": schema_of(values.items or Values(), name, refer)}
        case "string":
            return {"type": "string", **_of_texts(values.texts or Texts(), name)}
    return {"type": kind}


def _of_texts(texts: Texts, name: str) -> Schema:
    if is_password(name):
        return {"format": "password"}
    if texts.formats:
        return {"format": format_name(texts.formats)}
    found = enumerated(name, texts.words)
    return {"enum": found} if found else {}


def enumerated(name: str, seen: Any) -> list[str]:
    """Return the values of an enumeration, empty unless it clearly is one; `seen` counts values."""
    if not seen or is_secret_name(name) or not _ENUMERATED & set(words(name)[-1:]):
        return []
    enough = seen.total() >= _ENOUGH and len(seen) > 1 and min(seen.values()) > 1
    clear = len(seen) <= _MOST_WORDS and all(is_word(word) for word in seen)
    return sorted(seen) if enough and clear else []


def _is_writable(name: str) -> bool:
    """Whether a name can be written to a document: UTF-8 has no lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
