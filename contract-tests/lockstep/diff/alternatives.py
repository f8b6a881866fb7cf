"""A schema as the list of alternatives that it allows, each of one type and without references.

`allOf` and references are folded into the schema around them, `anyOf` and `oneOf` become an
alternative for each branch, a list of types one for each type. So a schema says the same whichever
way it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from lockstep.diff.folding import Folded, fold
from lockstep.diff.nodes import Node

_BRANCHES = ("oneOf", "anyOf")
# Which type a keyword judges; the others judge all.
_JUDGED = {
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    **dict.fromkeys(("contentEncoding", "contentMediaType"), "string"),
    **dict.fromkeys(("minimum", "exclusiveMinimum", "multipleOf"), "number"),
    **dict.fromkeys(("maximum", "exclusiveMaximum"), "number"),
    **dict.fromkeys(("items", "prefixItems", "contains", "uniqueItems"), "array"),
    **dict.fromkeys(("minItems", "maxItems", "minContains", "maxContains"), "array"),
    **dict.fromkeys(("additionalProperties", "patternProperties", "propertyNames"), "object"),
    **dict.fromkeys(("minProperties", "maxProperties", "unevaluatedProperties"), "object"),
    **dict.fromkeys(("dependentRequired", "dependentSchemas"), "object"),
}
_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "integer": lambda value: _is_number(value) and value == int(value),
    "number": lambda value: _is_number(value),
}


@dataclass(slots=True)
class Alternative:
    """What values of one type may be; `type` is empty for any, `name` the component's, if any.

    `required` has for each name where that stands.
    """

    pointer: str
    name: str = ""
    type: str = ""
    keywords: dict[str, Node] = field(default_factory=dict)
    properties: dict[str, Node] = field(default_factory=dict)
    required: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """A name for people."""
        return self.name or self.type or "anything"

    @property
    def is_closed(self) -> bool:
        """Whether members without a schema of their own are ruled out."""
        words = ("additionalProperties", "unevaluatedProperties")
        return any(word in self.keywords and self.keywords[word].value is False for word in words)


def alternatives(node: Node) -> list[Alternative]:
    """The alternatives of a schema, in the order of the document; `ValueError` when too deep."""
    return _split(fold(node), 0)


def _split(schema: Folded, depth: int) -> list[Alternative]:
    keyword = next((word for word in _BRANCHES if word in schema.keywords), None)
    if keyword is None:
        return [_typed(schema, kind) for kind in ([""] if schema.types is None else schema.types)]
    branches = schema.keywords.pop(keyword)
    found: list[Alternative] = []
    for branch in branches.elements():
        inner = fold(branch, depth + 1)
        pointer = inner.pointer
        inner.add(schema)
        inner.pointer = pointer
        found += _split(inner, depth + 1)
    return found


def _typed(schema: Folded, kind: str) -> Alternative:
    """The schema for values of one type, without the keywords that do not judge it."""
    judged = "number" if kind == "integer" else kind
    keywords = {
        word: node
        for word, node in schema.keywords.items()
        if not kind or _JUDGED.get(word, judged) == judged
    }
    if "enum" in keywords and kind in _TYPES:
        enum = keywords.pop("enum")
        values = [value for value in enum.value if _TYPES[kind](value)]
        if values != [None]:
            keywords["enum"] = replace(enum, value=values)
    alternative = Alternative(schema.pointer, schema.name, kind, keywords)
    if kind in ("", "object"):
        alternative.properties, alternative.required = schema.properties, schema.required
    return alternative


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
