"""Normalises a schema into a list of alternatives, each of one type and without references.

`allOf` and references are folded into the enclosing schema. Each branch of `anyOf` and `oneOf`, and
each type in a list of types, becomes an alternative; alternatives with an `enum` are merged into
one for each type. So equivalent schemas compare as equal.
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
# Keyword -> the type that it applies to; other keywords apply to all types.
_APPLIES_TO = {
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
    """The schema of values of one type.

    `type` is empty for any type, `name` is that of the component, if it is one. `required` maps the
    names of required members to pointers.
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
        """Whether members other than `properties` are forbidden."""
        names = ("additionalProperties", "unevaluatedProperties")
        return any(name in self.keywords and self.keywords[name].value is False for name in names)

    def of_type(self, kind: str) -> Alternative:
        """Return the part of an untyped alternative that applies to values of type `kind`."""
        keywords = {
            name: node for name, node in self.keywords.items() if _applies(name, node, kind)
        }
        part = replace(self, keywords=keywords)
        if kind not in ("", "object"):
            part.properties, part.required = {}, {}
        return part


def alternatives(node: Node) -> list[Alternative]:
    """Return the alternatives of a schema in document order; `ValueError` if it is too deep."""
    return _merged(_split(fold(node), 0))


def _split(schema: Folded, depth: int) -> list[Alternative]:
    keyword = next((name for name in _BRANCHES if name in schema.keywords), None)
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
    """Return the types of a schema; those of its `enum` values if it has no `type`."""
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
    """Return the schema for values of one type, without the keywords that do not apply to it."""
    keywords = {name: node for name, node in schema.keywords.items() if _applies(name, node, kind)}
    if "enum" in keywords and kind in _TYPES:
        enum = keywords.pop("enum")
        values = [value for value in enum.value if _TYPES[kind](value)]
        # An `enum` of all values of the type is redundant.
        if not (values == [None] or (kind == "boolean" and len(values) > 1)):
            keywords["enum"] = replace(enum, value=values)
        if kind == "number" and values and all(map(_TYPES["integer"], values)):
            kind = "integer"
    alternative = Alternative(schema.pointer, schema.name, kind, keywords)
    if kind in ("", "object"):
        alternative.properties, alternative.required = schema.properties, schema.required
    return alternative


def _applies(keyword: str, node: Node, kind: str) -> bool:
    """Whether a keyword applies to values of a type; annotations apply to all."""
    wide = "number" if kind == "integer" else kind
    if not kind:
        return True
    if keyword == "format":
        return is_format_of(node.value, wide)
    return _APPLIES_TO.get(keyword, wide) == wide


def _merged(found: list[Alternative]) -> list[Alternative]:
    """Merge alternatives that differ only in their `enum`."""
    merged: dict[tuple[Any, ...], Alternative] = {}
    for index, one in enumerate(found):
        listed = "enum" in one.keywords and not one.properties and not one.required
        others = KNOWN & one.keywords.keys() - {"enum"}
        key = (one.type, *sorted((name, one.keywords[name].text) for name in others))
        known = merged.setdefault(key if listed else (index,), one)
        if known is not one:
            merged[key] = _both(known, one)
    return list(merged.values())


def _both(one: Alternative, other: Alternative) -> Alternative:
    """Merge two lists of values; annotations that differ are kept by the values they describe."""
    mine, theirs = one.keywords["enum"], other.keywords["enum"]
    values = {canonical(value): value for value in (*mine.value, *theirs.value)}
    keywords = {"enum": replace(mine, value=list(values.values()))}
    for name in (one.keywords | other.keywords).keys() - {"enum"}:
        nodes = [side.keywords.get(name) for side in (one, other)]
        place = nodes[0] or nodes[1]
        assert place is not None
        if all(node is not None and node.text == place.text for node in nodes):
            keywords[name] = place
        else:
            by_values = {
                canonical(side.keywords["enum"].value): node.value
                for side, node in zip((one, other), nodes, strict=True)
                if node is not None
            }
            keywords[name] = replace(place, value=by_values)
    component = one.name if one.name == other.name else ""
    return Alternative(one.pointer, component, one.type, keywords)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
