"""Distinguishes the schemas of a document from its other objects, maps of names and data."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

# Where the parts of other files are put: those that are schemas, and all others.
BUNDLED_SCHEMAS, BUNDLED = "x-schemas", "x-parts"


class Kind(Enum):
    """What the members of an object are called by, and what they are."""

    # A kind is looked up for every node of a document.
    __hash__ = object.__hash__

    # By the words of OpenAPI.
    OBJECT = auto()
    # By the words of JSON Schema.
    SCHEMA = auto()
    # By names that the author chose: `default` is one like any other there.
    NAMES = auto()
    NAMED_SCHEMAS = auto()
    # Names of maps of names: callbacks.
    OUTER = auto()
    # Data of the API itself, where nothing is a word of the specification.
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
    """What stands under a key of an object of a kind; the elements of a list are of one kind."""
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
    # Those of an operation are a list, those of the components a map.
    if key in _NAMES or (key == "parameters" and isinstance(value, dict)):
        return Kind.NAMES
    return Kind.OBJECT


def below(pointer: str, key: str | int) -> str:
    """The pointer to a member (RFC 6901)."""
    text = str(key)
    if "~" in text or "/" in text:
        text = text.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{text}"
