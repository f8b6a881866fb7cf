"""A schema as the list of alternatives that it allows, each of one type and without references.

`allOf` and references are folded into the schema around them, `anyOf` and `oneOf` become an
alternative for each branch, a list of types one for each type; those that list their values become
one for each type. So a schema says the same whichever way it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from lockstep.diff.folding import Folded, fold
from lockstep.diff.formats import is_format_of
from lockstep.diff.keywords import KNOWN
from lockstep.diff.nodes import Node, canonical

_BRANCHES = ("oneOf", "anyOf")
# Which type a keyword judges; the others judge all.
_JUDGED = {
    **dict.fromkeys(("minLength", "maxLength", "pattern"), "string"),
    **dict.fromkeys(("contentEncoding", "contentMediaType", "contentSchema"), "string"),
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
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
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
        """A readable name."""
        return self.name or self.type or "anything"

    @property
    def is_closed(self) -> bool:
        """Whether members without a schema of their own are ruled out."""
        words = ("additionalProperties", "unevaluatedProperties")
        return any(word in self.keywords and self.keywords[word].value is False for word in words)

    def of_type(self, kind: str) -> Alternative:
        """The part of one for any type that judges values of this one."""
        keywords = {word: node for word, node in self.keywords.items() if _judges(word, node, kind)}
        part = replace(self, keywords=keywords)
        if kind not in ("", "object"):
            part.properties, part.required = {}, {}
        return part


def alternatives(node: Node) -> list[Alternative]:
    """The alternatives of a schema, in the order of the document; `ValueError` when too deep."""
    return _merged(_split(fold(node), 0))


def _split(schema: Folded, depth: int) -> list[Alternative]:
    keyword = next((word for word in _BRANCHES if word in schema.keywords), None)
    if keyword is None:
        typed = (_typed(schema, kind) for kind in _types(schema))
        return [one for one in typed if "enum" not in one.keywords or one.keywords["enum"].value]
    branches = schema.keywords.pop(keyword)
    found: list[Alternative] = []
    for branch in branches.elements():
        inner = fold(branch, depth + 1)
        pointer = inner.pointer
        inner.add(schema)
        inner.pointer = pointer
        found += _split(inner, depth + 1)
    return found


def _types(schema: Folded) -> list[str]:
    """The types of a schema; where it lists values without a type, those of the values."""
    if schema.types is not None:
        several = "number" in schema.types and "integer" in schema.types
        return [kind for kind in schema.types if not several or kind != "integer"]
    if "enum" not in schema.keywords:
        return [""]
    found = dict.fromkeys(
        next(kind for kind, is_one in _TYPES.items() if is_one(value))
        for value in schema.keywords["enum"].value
    )
    return [kind for kind in found if kind != "integer" or "number" not in found]


def _typed(schema: Folded, kind: str) -> Alternative:
    """The schema for values of one type, without the keywords that do not judge it."""
    keywords = {word: node for word, node in schema.keywords.items() if _judges(word, node, kind)}
    if "enum" in keywords and kind in _TYPES:
        enum = keywords.pop("enum")
        values = [value for value in enum.value if _TYPES[kind](value)]
        # All values there are need not be listed.
        if not (values == [None] or (kind == "boolean" and len(values) > 1)):
            keywords["enum"] = replace(enum, value=values)
        if kind == "number" and values and all(map(_TYPES["integer"], values)):
            kind = "integer"
    alternative = Alternative(schema.pointer, schema.name, kind, keywords)
    if kind in ("", "object"):
        alternative.properties, alternative.required = schema.properties, schema.required
    return alternative


def _judges(word: str, node: Node, kind: str) -> bool:
    """Whether a keyword judges values of a type; words that judge nothing go for all."""
    judged = "number" if kind == "integer" else kind
    if not kind:
        return True
    if word == "format":
        return is_format_of(node.value, judged)
    return _JUDGED.get(word, judged) == judged


def _merged(found: list[Alternative]) -> list[Alternative]:
    """Alternatives that list their values, and differ in nothing else, as one with all of them."""
    merged: dict[tuple[Any, ...], Alternative] = {}
    for index, one in enumerate(found):
        listed = "enum" in one.keywords and not one.properties and not one.required
        judged = KNOWN & one.keywords.keys() - {"enum"}
        key = (one.type, *sorted((word, one.keywords[word].text) for word in judged))
        known = merged.setdefault(key if listed else (index,), one)
        if known is not one:
            merged[key] = _both(known, one)
    return list(merged.values())


def _both(one: Alternative, other: Alternative) -> Alternative:
    """Both lists of values; words that are not of both stay with the values that they are about."""
    mine, theirs = one.keywords["enum"], other.keywords["enum"]
    values = {canonical(value): value for value in (*mine.value, *theirs.value)}
    keywords = {"enum": replace(mine, value=list(values.values()))}
    for word in (one.keywords | other.keywords).keys() - {"enum"}:
        said = [side.keywords.get(word) for side in (one, other)]
        place = said[0] or said[1]
        assert place is not None
        if all(node is not None and node.text == place.text for node in said):
            keywords[word] = place
        else:
            about = {
                canonical(side.keywords["enum"].value): node.value
                for side, node in zip((one, other), said, strict=True)
                if node is not None
            }
            keywords[word] = replace(place, value=about)
    name = one.name if one.name == other.name else ""
    return Alternative(one.pointer, name, one.type, keywords)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
