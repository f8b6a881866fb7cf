"""Removes malformed keywords from a document's schemas, and records what was removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lockstep.openapi.patterns import readable
from lockstep.openapi.shapes import followed, resolve
from lockstep.openapi.walking import Kind, below, kind_below

_TYPES = frozenset({"null", "boolean", "object", "array", "number", "integer", "string"})


@dataclass(slots=True)
class Soundness:
    """A document whose schemas can be compiled, but that is otherwise unchanged.

    `faults` holds what was removed from each schema, by the `id` of its object in `document`;
    `pointers` has its JSON pointer.
    """

    document: dict[str, Any]
    faults: dict[int, tuple[str, ...]] = field(default_factory=dict)
    pointers: dict[int, str] = field(default_factory=dict)
    # By `id()` of a schema, which each entry keeps alive.
    _read: dict[int, tuple[Any, list[Mapping[str, Any]], set[str]]] = field(default_factory=dict)

    def sentences(self, schema: Any) -> tuple[str, ...]:
        """Return messages about the removed keywords of a schema and of those it refers to."""
        if not self.faults:
            return ()
        return tuple(
            f"the schema at #{self.pointers[id(node)]} cannot be checked: {fault}"
            for node in self._reached(schema)
            for fault in self.faults.get(id(node), ())
        )

    def _reached(self, schema: Any) -> Iterator[Mapping[str, Any]]:
        """Yield the faulty objects in a schema and in those it refers to."""
        seen: set[str] = set()
        waiting = [schema]
        while waiting:
            faulty, references = self._inside(waiting.pop())
            yield from faulty
            waiting += [resolve(self.document, each) for each in sorted(references - seen)]
            seen |= references

    def _inside(self, schema: Any) -> tuple[list[Mapping[str, Any]], set[str]]:
        known = self._read.get(id(schema))
        if known is None:
            faulty: list[Mapping[str, Any]] = []
            references: set[str] = set()
            for node in _objects(schema, Kind.SCHEMA):
                if id(node) in self.faults:
                    faulty.append(node)
                if isinstance(node.get("$ref"), str):
                    references.add(node["$ref"])
            known = self._read[id(schema)] = schema, faulty, references
        return known[1:]


def _objects(node: Any, kind: Kind) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, list):
        for item in node:
            yield from _objects(item, kind)
    elif isinstance(node, Mapping) and kind is not Kind.DATA:
        yield node
        for key, value in node.items():
            yield from _objects(value, kind_below(kind, key, value))


def sound(document: dict[str, Any]) -> Soundness:
    """Return the document without the malformed keywords of its schemas."""
    found = Soundness(document)
    found.document = _Reader(document, found).read(document, "", Kind.OBJECT)
    return found


def usable(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document like `sound`, but in its own dialect, with its references and patterns.

    Tools that read its version stumble only over what is malformed in any dialect.
    """
    reader = _Reader(document, Soundness(document), keeps=frozenset({"pattern", "$ref"}))
    changed: dict[str, Any] = reader.read(document, "", Kind.OBJECT)
    return changed


class _Reader:
    def __init__(
        self, document: dict[str, Any], found: Soundness, *, keeps: frozenset[str] = frozenset()
    ) -> None:
        self._document = document
        self._found = found
        self._keeps = keeps

    def read(self, node: Any, pointer: str, kind: Kind) -> Any:
        if kind is Kind.DATA:
            return node
        if isinstance(node, list):
            return [self.read(item, below(pointer, at), kind) for at, item in enumerate(node)]
        if not isinstance(node, dict):
            return node
        faults: list[str] = []
        if kind is Kind.SCHEMA:
            node = self._kept(node, faults)
        changed = {
            key: self.read(value, below(pointer, key), kind_below(kind, key, value))
            if isinstance(value, dict | list)
            else value
            for key, value in node.items()
        }
        if faults:
            self._found.faults[id(changed)] = tuple(faults)
            self._found.pointers[id(changed)] = pointer
        return changed

    def _kept(self, schema: dict[str, Any], faults: list[str]) -> dict[str, Any]:
        kept = {}
        for key, value in schema.items():
            if key == "items" and isinstance(value, list):
                # Renamed in JSON Schema 2020-12.
                key = "prefixItems"
            value, complaint = self._checked(key, value)
            if complaint:
                faults.append(f"`{key}` {complaint}")
            if value is not None or key in ("const", "default", "example"):
                kept[key] = value
        return kept

    def _checked(self, key: str, value: Any) -> tuple[Any, str]:
        """Return the usable part of a value, `None` if there is none, and what is wrong with it."""
        if key in self._keeps or (self._keeps and key in _STRICT and isinstance(value, bool)):
            return value, ""
        if key in _MAPS:
            return _well_formed_members(key, value)
        if key in ("pattern", "$ref"):
            check = _pattern if key == "pattern" else self._reference
            return check(value) if isinstance(value, str) else (None, "is not a string")
        is_good, wanted = _CHECKS.get(key, (_anything, ""))
        return (value, "") if is_good(value) else (None, f"is not {wanted}")

    def _reference(self, value: str) -> tuple[str | None, str]:
        try:
            target = followed(self._document, {"$ref": value})
        except (ValueError, RecursionError) as error:
            return None, f"({error})"
        return (value, "") if _is_schema(target) else (None, f"does not refer to a schema: {value}")


def _well_formed_members(key: str, value: Any) -> tuple[Any, str]:
    if not isinstance(value, dict):
        return None, "is not an object"
    kept = {name: member for name, member in value.items() if _is_schema(member)}
    wrong = [name for name in value if name not in kept]
    if key == "patternProperties":
        patterns = {name: readable(name) for name in kept}
        wrong += [name for name, pattern in patterns.items() if pattern is None]
        kept = {str(patterns[name]): kept[name] for name in kept if patterns[name] is not None}
    return kept, f"has members that are not schemas: {', '.join(wrong)}" if wrong else ""


def _pattern(value: str) -> tuple[str | None, str]:
    found = readable(value)
    return found, "" if found is not None else f"is not an ECMAScript regular expression: {value}"


def _anything(_value: Any) -> bool:
    return True


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict | bool)


def _are_schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_schema, value))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_type(value: Any) -> bool:
    several = value if isinstance(value, list) and value else [value]
    return all(isinstance(each, str) and each in _TYPES for each in several)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and int(value) == value


def _is_divisor(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_values(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


# Numbers, but booleans in OpenAPI 3.0.
_STRICT = ("exclusiveMinimum", "exclusiveMaximum")
_MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")
_SCHEMAS = """
items additionalProperties not contains propertyNames if then else unevaluatedProperties
unevaluatedItems additionalItems
"""
_COUNTS = """
minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains
"""
_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "type": (_is_type, "a type of JSON Schema"),
    "required": (_are_texts, "a list of names"),
    "enum": (_are_values, "a list of values"),
    "format": (_is_text, "a string"),
    "uniqueItems": (_is_boolean, "true or false"),
    "multipleOf": (_is_divisor, "a number above 0"),
    **dict.fromkeys(
        ("allOf", "anyOf", "oneOf", "prefixItems"), (_are_schemas, "a list of schemas")
    ),
    **dict.fromkeys(_SCHEMAS.split(), (_is_schema, "a schema")),
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), (_is_number, "a number")
    ),
    **dict.fromkeys(_COUNTS.split(), (_is_count, "a non-negative integer")),
}
