"""Where a schema says that the server makes the values.

The annotation `x-generated: id|time|elapsed|token|cursor|etag` on a schema says that two servers
may answer with different values there. A `Shape` is the tree of these annotations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = frozenset({"id", "time", "elapsed", "token", "cursor", "etag"})
# Matched one to one; times and elapsed seconds are judged by the clock instead.
MATCHED_KINDS = KINDS - {"time", "elapsed"}
ANNOTATION = "x-generated"
_COMBINATORS = ("allOf", "anyOf", "oneOf")
_SHAPING = frozenset(
    {ANNOTATION, "pattern", "properties", "items", "prefixItems", "additionalProperties"}
    | {*_COMBINATORS}
)
# From this length on a value is taken to be nobody else's.
_TELLING = 16

Path = tuple[str | int, ...]


def thing_key(family: str, value: str) -> str:
    """A name for a thing that no other thing has: long values speak for themselves."""
    return f"{family}={value}" if family and len(value) < _TELLING else value


@dataclass(frozen=True, slots=True)
class Generated:
    """A server-made value; `path` is its place in a body, or a header's name alone.

    `owner` is the component schema of the object that it was found in, or empty; `family` names
    the things that it is matched with, where the document says nothing and that is inferred.
    """

    kind: str
    value: str
    path: Path
    owner: str = ""
    family: str = ""

    @property
    def key(self) -> str:
        """A name for the thing that no other thing has; short values need their family."""
        return thing_key(self.family, self.value)


@dataclass(slots=True)
class Shape:
    """The annotations of a value and of what is inside it.

    `component` names its schema, `only` the one named schema that it is made of.
    """

    component: str = ""
    only: str = ""
    kind: str | None = None
    pattern: re.Pattern[str] | None = None
    properties: dict[str, Shape] = field(default_factory=dict)
    items: Shape | None = None
    prefix: list[Shape | None] = field(default_factory=list)
    additional: Shape | None = None

    @property
    def thing(self) -> str:
        """The name of the schema that says what the value is; empty without one."""
        return self.component or self.only

    def member(self, name: str) -> Shape | None:
        """The shape of an object's member."""
        return self.properties.get(name, self.additional)

    def element(self, index: int) -> Shape | None:
        """The shape of an array's element."""
        return self.prefix[index] if index < len(self.prefix) else self.items

    def has(self, kind: str, seen: frozenset[int] = frozenset()) -> bool:
        """Whether a value of this kind may be anywhere inside."""
        if id(self) in seen:
            return False
        inner = (*self.properties.values(), *self.prefix, self.items, self.additional)
        seen |= {id(self)}
        return self.kind == kind or any(part and part.has(kind, seen) for part in inner)

    def accepts(self, value: str) -> bool:
        """Whether the value has the form that its schema asks for."""
        return self.pattern is None or self.pattern.search(value) is not None

    def generated(self, value: Any, path: Path = (), owner: str = "") -> Iterator[Generated]:
        """Every annotated string inside a parsed value."""
        if isinstance(value, str):
            if self.kind is not None:
                yield Generated(self.kind, value, path, owner)
        elif isinstance(value, dict):
            for name, member in value.items():
                shape = self.member(name)
                if shape is not None:
                    yield from shape.generated(member, (*path, name), self.component)
        elif isinstance(value, list):
            for index, element in enumerate(value):
                shape = self.element(index)
                if shape is not None:
                    yield from shape.generated(element, (*path, index), owner)


class ShapeReader:
    """Reads shapes out of the schemas of one document; references are followed, cycles too."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._by_reference: dict[str, Shape] = {}

    def read(self, schema: Any) -> Shape | None:
        """The shape of a schema, `None` for a schema that is not an object."""
        if not isinstance(schema, Mapping):
            return None
        reference = schema.get("$ref")
        if isinstance(reference, str) and not schema.keys() & _SHAPING:
            return self._referenced(reference)
        shape = Shape()
        self._fill(schema, shape)
        return shape

    def _fill(self, schema: Mapping[str, Any], shape: Shape) -> None:
        kind = schema.get(ANNOTATION)
        if kind is not None and kind not in KINDS:
            raise ValueError(f"{ANNOTATION}: {kind!r} is not one of {', '.join(sorted(KINDS))}")
        shape.kind = kind
        if isinstance(schema.get("pattern"), str):
            shape.pattern = _compile(schema["pattern"])
        for name, member in schema.get("properties", {}).items():
            part = self.read(member)
            if part is not None:
                shape.properties[name] = part
        shape.items = self.read(schema.get("items"))
        shape.additional = self.read(schema.get("additionalProperties"))
        shape.prefix = [self.read(item) for item in schema.get("prefixItems", ())]
        parts = list(self._parts(schema))
        named = {part.thing for part in parts if part.thing}
        shape.only = named.pop() if len(named) == 1 else ""
        for part in parts:
            _add(shape, part)

    def _parts(self, schema: Mapping[str, Any]) -> Iterator[Shape]:
        if isinstance(schema.get("$ref"), str):
            yield self._referenced(schema["$ref"])
        for keyword in _COMBINATORS:
            for branch in schema.get(keyword, ()):
                part = self.read(branch)
                if part is not None:
                    yield part

    def _referenced(self, reference: str) -> Shape:
        known = self._by_reference.get(reference)
        if known is None:
            component = reference.rpartition("/")[2]
            known = self._by_reference[reference] = Shape(component)
            self._fill(resolve(self._document, reference), known)
        return known


def resolve(document: Mapping[str, Any], reference: str) -> Any:
    """What a local reference (`#/components/...`) names; `ValueError` for other references."""
    if not reference.startswith("#/"):
        raise ValueError(f"only references inside the document are followed: {reference}")
    node: Any = document
    for part in reference[2:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            node = node[int(key)] if isinstance(node, list) else node[key]
        except (KeyError, IndexError, ValueError):
            raise ValueError(f"reference to nothing: {reference}") from None
    return node


def followed(document: Mapping[str, Any], node: Any) -> Any:
    """A node of a document with `$ref` followed until there is none."""
    while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
        node = resolve(document, node["$ref"])
    return node


def _add(shape: Shape, part: Shape) -> None:
    shape.kind = shape.kind or part.kind
    shape.pattern = shape.pattern or part.pattern
    for name, member in part.properties.items():
        if name not in shape.properties:
            shape.properties[name] = member
        elif shape.properties[name] is not member:
            merged = Shape()
            _add(merged, shape.properties[name])
            _add(merged, member)
            shape.properties[name] = merged
    shape.items = shape.items or part.items
    shape.prefix = shape.prefix or part.prefix
    shape.additional = shape.additional or part.additional


def _compile(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        # Valid ECMAScript that Python cannot read; the schema validator still checks the value.
        return None
