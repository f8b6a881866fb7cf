"""Maps XML to the JSON value that its schema describes, by the XML Object (OpenAPI 3.1, 4.8.26)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from lockstep.bodies.xml import Element
from lockstep.openapi.texts import Merge, types_of

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_TRUE = ("true", "1")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
# The numbers of XML Schema (part 2, 3.2.3 and 3.2.5), which may start with `+` and with zeros.
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_MOST_DIGITS = 300
# Values of `nodeType` (OpenAPI 3.2, 4.26.1) for the text of the element itself.
_TEXTS = ("text", "cdata")
# Keywords that may apply to members that `properties` does not name.
_OTHERS = frozenset({"patternProperties", "propertyNames", "unevaluatedProperties"})
_TYPES: Mapping[type, str] = {
    bool: "boolean",
    dict: "object",
    float: "number",
    int: "integer",
    list: "array",
    str: "string",
    type(None): "null",
}

_ANY: Mapping[str, Any] = {}

Path = tuple[str, ...]


class UnmappedError(Exception):
    """The schema does not determine the value of an element."""


@dataclass(slots=True)
class XmlReader:
    """Reads the value of one body.

    `merge` merges a schema with its references and branches, `is_valid` tells whether a schema
    accepts a value. `wrong` gets the elements with other names or namespaces than documented, each
    with its path.
    """

    merge: Merge
    is_valid: Callable[[Any, Any], bool]
    wrong: list[tuple[Path, str]] = field(default_factory=list)

    def root(self, schema: Any, element: Element) -> Any:
        """Return the value of the root element; raise `UnmappedError` if it is not determined.

        That of a text is not: documents describe any XML as a string.
        """
        types = self._types(schema)
        if types not in ({"array"}, {"object"}):
            raise UnmappedError
        name = _named(self._hint(schema), element.name)
        if types == {"object"} and name != element.name:
            self.wrong.append(((), f"the root element is {element.name}, not {name}"))
        return self._value(schema, element, ())

    def _value(self, schema: Any, element: Element, path: Path) -> Any:
        self._compare_namespace(self._hint(schema), element, path)
        if element.attributes.get(_NIL) in _TRUE:
            return None
        types = self._types(schema)
        if "array" in types:
            if len(types) > 1:
                raise UnmappedError
            return self._items(schema, _children(element), path)
        if "object" in types and (element.elements or types == {"object"}):
            return self._object(schema, element, path)
        return _untyped(element) if element.elements else self._scalar(schema, element.text)

    def _object(self, schema: Any, element: Element, path: Path) -> Any:
        merged, text = self.merge(schema), element.text.strip()
        properties = merged.get("properties", {})
        takes_text = any(self._node(each) in _TEXTS for each in properties.values())
        if text and not takes_text:
            if element.elements or element.names:
                raise UnmappedError
            return element.text
        if not text and not element.elements and "null" in _listed(merged.get("type")):
            return None
        left = _by_name(element)
        found: dict[str, Any] = {}
        for name, member in properties.items():
            found |= self._member(name, member, element, left, path)
            if name not in found and name in merged.get("required", ()):
                # A list of no items has no elements.
                found |= {name: []} if self._is_flat_list(member) else {}
        if left and merged.keys() & _OTHERS:
            raise UnmappedError
        additional = merged.get("additionalProperties")
        for name, children in left.items():
            # Extensions are in another namespace.
            own = [child for child in children if child.namespace == element.namespace]
            # An element of the name of a property with another name or node is not that property.
            if own and name not in properties:
                found[name] = _one_or_all([self._other(additional, each, path) for each in own])
        return found

    def _member(
        self, name: str, schema: Any, around: Element, left: dict[str, list[Element]], path: Path
    ) -> dict[str, Any]:
        """Return a member by its name; empty if there is none. Its elements are taken from `left`.

        Raise `UnmappedError` if it cannot be distinguished from others.
        """
        hint, node, inner = self._hint(schema), self._node(schema), (*path, name)
        named, types = _named(hint, name), self._types(schema)
        if node == "none" or ("array" in types and len(types) > 1):
            raise UnmappedError
        if node in _TEXTS:
            return {name: self._scalar(schema, around.text)}
        if node == "attribute":
            text = _attribute(around, named, hint.get("namespace"))
            return {} if text is None else {name: self._scalar(schema, text)}
        if self._is_flat_list(schema):
            own = _named(self._hint(self._items_of(schema)), named)
            children = next(filter(None, (left.pop(each, []) for each in (own, named, name))), [])
            return {name: self._items(schema, children, inner)} if children else {}
        # The name of a component is often meant for its root element only.
        is_own = isinstance(schema, Mapping) and "xml" in schema
        children = left.pop(named, []) or ([] if is_own else left.pop(name, []))
        values = [self._value(schema, child, inner) for child in children]
        return {name: _one_or_all(values)} if values else {}

    def _is_flat_list(self, schema: Any) -> bool:
        """Whether the elements of a list are not wrapped by another element."""
        wrapped = self._hint(schema).get("wrapped") is True or self._node(schema) == "element"
        return self._types(schema) == {"array"} and not wrapped

    def _items(self, schema: Any, children: list[Element], path: Path) -> list[Any]:
        if "prefixItems" in self.merge(schema):
            raise UnmappedError
        items = self._items_of(schema)
        return [self._value(items, child, (*path, "*")) for child in children]

    def _items_of(self, schema: Any) -> Any:
        return self.merge(schema).get("items", _ANY)

    def _other(self, schema: Any, element: Element, path: Path) -> Any:
        if not isinstance(schema, Mapping) or not schema:
            return _untyped(element)
        if "array" in self._types(schema):
            raise UnmappedError
        return self._value(schema, element, (*path, element.name))

    def _scalar(self, schema: Any, text: str) -> Any:
        """Return the value of a text: the first of its possible ones that the schema accepts."""
        every = list(self._readings(schema, text))
        fitting = (value for value in every if self.is_valid(schema, value))
        value = every[0] if len(every) == 1 else next(fitting, every[0])
        if not self._types(schema) and not self.is_valid(schema, value):
            raise UnmappedError
        return value

    def _readings(self, schema: Any, text: str) -> Iterator[Any]:
        types, plain = self._types(schema), text.strip()
        if not plain and "null" in _listed(self.merge(schema).get("type")):
            yield None
        if (not types or types & {"integer", "number"}) and _NUMBER.fullmatch(plain):
            yield _number(plain)
        if (not types or "boolean" in types) and plain in _BOOLEANS:
            yield _BOOLEANS[plain]
        yield text

    def _compare_namespace(self, hint: Mapping[str, Any], element: Element, path: Path) -> None:
        namespace = hint.get("namespace", element.namespace)
        if namespace != element.namespace:
            other = element.namespace or "none"
            self.wrong.append(
                (path, f"the namespace of {element.name} is {other}, not {namespace}")
            )

    def _types(self, schema: Any) -> set[str]:
        """Return the types of a schema except null; without `type`, those of its listed values."""
        merged = self.merge(schema)
        values = [merged["const"]] if "const" in merged else merged.get("enum", ())
        if "type" not in merged and values:
            return {_TYPES[type(value)] for value in values} - {"null"}
        return types_of(merged) - {"null"}

    def _node(self, schema: Any) -> str:
        """Return the `nodeType` of a member, empty if it is the default."""
        hint = self._hint(schema)
        return str(hint.get("nodeType", "attribute" if hint.get("attribute") is True else ""))

    def _hint(self, schema: Any) -> Mapping[str, Any]:
        """Return the XML Object of a schema, which may be beside its reference."""
        own = schema.get("xml") if isinstance(schema, Mapping) else None
        found = own if isinstance(own, Mapping) else self.merge(schema).get("xml")
        return found if isinstance(found, Mapping) else {}


def _named(hint: Mapping[str, Any], default: str) -> str:
    name = hint.get("name")
    return name if isinstance(name, str) and name else default


def _number(text: str) -> int | float:
    if len(text) > _MOST_DIGITS:
        raise UnmappedError
    if text.lstrip("+-").isdigit():
        return int(text)
    value = float(text)
    if not isfinite(value):
        raise UnmappedError
    return value


def _untyped(element: Element) -> Any:
    """Return the value of an element that no schema describes."""
    if not element.elements:
        return element.text
    return {
        name: _one_or_all(list(map(_untyped, children)))
        for name, children in _by_name(element).items()
    }


def _one_or_all(values: list[Any]) -> Any:
    """Return the only value; several elements of a name are a list."""
    return values[0] if len(values) == 1 else values


def _children(element: Element) -> list[Element]:
    return [child for _, child in element.elements]


def _by_name(element: Element) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = {}
    for name, child in element.elements:
        found.setdefault(name, []).append(child)
    return found


def _attribute(element: Element, name: str, namespace: str | None) -> str | None:
    """Return the value of an attribute, by its local name if its namespace is not documented."""
    if namespace:
        return element.attributes.get(f"{{{namespace}}}{name}")
    by_name = {each.rpartition("}")[2]: text for each, text in element.attributes.items()}
    return element.attributes.get(name, by_name.get(name))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
