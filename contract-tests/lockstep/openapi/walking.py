"""Classifies the nodes of a document as schemas, other objects, maps of names, or data."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

# Component maps for what is bundled from other files: schemas, and everything else.
BUNDLED_SCHEMAS, BUNDLED = "x-schemas", "x-parts"


class Kind(Enum):
    """The kind of an object in a document, by what its keys are."""

    # Faster than that of `Enum`: a kind is looked up for every node of a document.
    __hash__ = object.__hash__

    # Fixed fields of OpenAPI.
    OBJECT = auto()
    # Keywords of JSON Schema.
    SCHEMA = auto()
    # Names chosen by the author, among which `default` has no special meaning.
    NAMES = auto()
    NAMED_SCHEMAS = auto()
    # Names of further maps of names: callbacks.
    OUTER = auto()
    # Values of the API, such as examples, in which no key is a keyword.
    DATA = auto()


_SCHEMAS = frozenset(
    {"properties", "patternProperties", "dependentSchemas", "definitions", "$defs", "schemas"}
    | {BUNDLED_SCHEMAS}
)
_NAMES = frozenset(
    {"responses", "headers", "content", "links", "encoding", "variables", "paths", "pathItems"}
    | {"webhooks", "requestBodies", "securitySchemes", "securityDefinitions", "mediaTypes"}
    | {"examples", "additionalOperations", BUNDLED}
)
_DATA = frozenset(
    {"default", "enum", "example", "const", "value", "dataValue", "mapping", "scopes"}
    | {"dependentRequired"}
)
_OF_A_SCHEMA = frozenset({"discriminator", "xml", "externalDocs"})
_BELOW = {
    Kind.DATA: Kind.DATA,
    Kind.NAMES: Kind.OBJECT,
    Kind.NAMED_SCHEMAS: Kind.SCHEMA,
    Kind.OUTER: Kind.NAMES,
}


def kind_below(kind: Kind, key: str, value: Any) -> Kind:
    """Return the kind of the value of `key` in an object of `kind`; list elements share it."""
    known = _BELOW.get(kind)
    if known is not None:
        return known
    if key in _DATA or (key == "examples" and not isinstance(value, dict)):
        return Kind.DATA
    if key in _SCHEMAS:
        return Kind.NAMED_SCHEMAS
    if kind is Kind.SCHEMA:
        return Kind.OBJECT if key in _OF_A_SCHEMA else Kind.SCHEMA
    if key in ("schema", "itemSchema"):
        return Kind.SCHEMA
    if key == "callbacks":
        return Kind.OUTER
    # `parameters` is a list in operations and a map in components.
    if key in _NAMES or (key == "parameters" and isinstance(value, dict)):
        return Kind.NAMES
    return Kind.OBJECT


def below(pointer: str, key: str | int) -> str:
    """Return the JSON pointer to a member (RFC 6901)."""
    text = str(key)
    if "~" in text or "/" in text:
        text = text.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{text}"
