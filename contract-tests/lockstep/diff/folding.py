"""Folds the references and the `allOf` of a schema into one set of keywords."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lockstep.diff.nodes import Node, canonical

# Of two bounds the tighter one applies.
TIGHTER = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
}
# Two of these are combined by `allOf`.
_SCHEMAS = frozenset(
    {"items", "contains", "propertyNames", "contentSchema"}
    | {"additionalProperties", "unevaluatedProperties", "unevaluatedItems"}
)
# Two of these cannot be merged: the second becomes a branch of `allOf`.
_RULES = frozenset(
    {"pattern", "format", "multipleOf", "contentEncoding", "contentMediaType", "uniqueItems"}
    | {"anyOf", "oneOf", "not", "if", "then", "else", "minContains", "maxContains"}
    | {"prefixItems", "patternProperties", "dependentRequired", "dependentSchemas"}
)
_TUPLE = frozenset({"items", "prefixItems"})
_FOLDED = frozenset({"$ref", "allOf", "properties", "required", "type", "enum", "const"})
# The formats of 3.0 that 3.1 expresses with other keywords (OpenAPI 3.1, 4.4.2).
_CONTENT = {
    "byte": ("contentEncoding", "base64"),
    "binary": ("contentMediaType", "application/octet-stream"),
}
_COMPONENT = re.compile("/components/schemas/([^/]+)")
_MAX_DEPTH = 20


@dataclass(slots=True)
class Folded:
    """The constraints of a schema; `types` is `None` if any type is allowed, empty if none is.

    `name` is that of the component, if it is one. `const` is an `enum` of one value. `allOf` holds
    further keywords that cannot be merged. `required` maps the names of required members to
    pointers.
    """

    pointer: str
    name: str = ""
    types: list[str] | None = None
    keywords: dict[str, Node] = field(default_factory=dict)
    properties: dict[str, Node] = field(default_factory=dict)
    required: dict[str, str] = field(default_factory=dict)

    def add(self, other: Folded) -> None:
        """Add the constraints of another schema."""
        apart = _TUPLE & (self.keywords.keys() ^ other.keywords.keys()) and (
            "prefixItems" in self.keywords.keys() | other.keywords.keys()
        )
        for key, node in other.keywords.items():
            # `items` applies to what follows the `prefixItems` of the same schema.
            if apart and key in _TUPLE:
                self._beside(key, node)
            else:
                self._add(key, node)
        for name, node in other.properties.items():
            mine = self.properties.setdefault(name, node)
            self.properties[name] = _conjoined(mine, node)
        self.required = other.required | self.required
        self.name = self.name or other.name
        if self.types is None:
            self.types = other.types
        elif other.types is not None:
            self.types = _shared(self.types, other.types)

    def _add(self, key: str, node: Node) -> None:
        mine = self.keywords.setdefault(key, node)
        if mine.text == node.text:
            return
        if key in TIGHTER:
            self.keywords[key] = TIGHTER[key](mine, node, key=lambda one: one.value)
        elif key == "enum":
            texts = {canonical(value) for value in node.value}
            left = [value for value in mine.value if canonical(value) in texts]
            self.keywords[key] = replace(mine, value=left)
        elif key in _SCHEMAS:
            self.keywords[key] = _conjoined(mine, node)
        elif key in _RULES:
            self._beside(key, node)

    def _beside(self, key: str, node: Node) -> None:
        known = self.keywords.get("allOf")
        listed = [*(known.value if known else ()), {key: node.value}]
        self.keywords["allOf"] = replace(known or node, value=listed)


def fold(node: Node, depth: int = 0) -> Folded:
    """Fold a schema; raise `ValueError` if it is circular."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"circular schema: {node.pointer}")
    node = node.target
    if not isinstance(node.value, Mapping):
        # `true` allows everything, `false` nothing.
        return Folded(node.pointer, types=[] if node.value is False else None)
    component = _COMPONENT.fullmatch(node.pointer)
    folded = Folded(node.pointer, component[1] if component else "")
    folded.types = _listed(node.value.get("type"))
    folded.keywords = {key: node.child(key) for key in node.value if key not in _FOLDED}
    _modernise_format(folded.keywords)
    for keyword in ("enum", "const"):
        if keyword in node.value:
            values = node.child(keyword)
            listed = values.value if keyword == "enum" else [values.value]
            folded._add("enum", replace(values, value=listed))
    if "properties" in node.value:
        inside = node.child("properties")
        folded.properties = {name: inside.child(name) for name in inside.value}
    if "required" in node.value:
        elements = node.child("required").elements()
        folded.required = {element.value: element.pointer for element in elements}
    for part in demanded(node):
        folded.add(fold(part, depth + 1))
    return folded


def _modernise_format(keywords: dict[str, Node]) -> None:
    form = keywords.get("format")
    if form is not None and form.value in _CONTENT:
        keyword, value = _CONTENT[form.value]
        keywords.setdefault(keyword, replace(keywords.pop("format"), value=value))


def demanded(node: Node) -> list[Node]:
    """Return the schemas that apply in addition to a schema: its `$ref`, and its `allOf`."""
    found = [node.followed()] if "$ref" in node.value else []
    return found + (list(node.child("allOf").elements()) if "allOf" in node.value else [])


def _conjoined(one: Node, other: Node) -> Node:
    if one.text == other.text:
        return one
    return replace(one, value={"allOf": [one.value, other.value]}, rewritten=True)


def _shared(one: list[str], other: list[str]) -> list[str]:
    """Return the types that both lists allow; integers are numbers."""
    wide = [{*types, "integer"} if "number" in types else {*types} for types in (one, other)]
    shared = [kind for kind in dict.fromkeys([*one, *other]) if kind in wide[0] & wide[1]]
    return [kind for kind in shared if kind != "integer" or "number" not in shared]


def _listed(types: Any) -> list[str] | None:
    if types is None:
        return None
    return [types] if isinstance(types, str) else list(types)
