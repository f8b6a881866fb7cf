"""Reads the annotations of server-generated values from schemas.

The annotation `x-generated: id|time|elapsed|token|cursor|etag` on a schema means that the values of
two servers may differ there. A `Shape` is the tree of these annotations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

KINDS = frozenset({"id", "time", "elapsed", "token", "cursor", "etag"})
# Matched one to one; times and elapsed seconds are compared with the clock instead.
MATCHED_KINDS = KINDS - {"time", "elapsed"}
ANNOTATION = "x-generated"
_COMBINATORS = ("allOf", "anyOf", "oneOf")
_SHAPING = frozenset(
    {ANNOTATION, "pattern", "properties", "items", "prefixItems", "additionalProperties"}
    | {*_COMBINATORS}
)
# Values of this length or more are taken to be globally unique.
_TELLING = 16
# Mutually recursive shapes can be combined in more ways than are worth distinguishing.
_MAX_MERGED, _MAX_SOURCES = 5_000, 12
# A longer chain of references is taken to be circular.
_MAX_STEPS = 50

Path = tuple[str | int, ...]


def thing_key(family: str, value: str) -> str:
    """Return a unique key for a resource; short values are qualified with their family."""
    return f"{family}={value}" if family and len(value) < _TELLING else value


@dataclass(frozen=True, slots=True)
class Generated:
    """A server-generated value; `path` is its place in a body, or only the name of a header.

    `owner` is the component schema of the enclosing object, or empty. `family` is the inferred
    family of the resources that it is matched with, if the document has no annotations.
    """

    kind: str
    value: str
    path: Path
    owner: str = ""
    family: str = ""

    @property
    def key(self) -> str:
        """The unique key of the resource; short values are qualified with their family."""
        return thing_key(self.family, self.value)


@dataclass(slots=True)
class Shape:
    """The annotations of a value and of its nested values.

    `component` is the name of its schema, `only` that of its single named branch (`allOf` etc.).
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
        """The name of the schema that describes the value; empty without one."""
        return self.component or self.only

    def member(self, name: str) -> Shape | None:
        """Return the shape of an object's member."""
        return self.properties.get(name, self.additional)

    def element(self, index: int) -> Shape | None:
        """Return the shape of an array's element."""
        return self.prefix[index] if index < len(self.prefix) else self.items

    def has(self, kind: str) -> bool:
        """Whether the shape contains a value of this kind at any depth."""
        seen: set[int] = set()
        waiting: list[Shape | None] = [self]
        while waiting:
            shape = waiting.pop()
            if shape is None or id(shape) in seen:
                continue
            if shape.kind == kind:
                return True
            seen.add(id(shape))
            waiting += [*shape.properties.values(), *shape.prefix, shape.items, shape.additional]
        return False

    def accepts(self, value: str) -> bool:
        """Whether the value matches the `pattern` of its schema."""
        return self.pattern is None or self.pattern.search(value) is not None

    def generated(self, value: Any, path: Path = (), owner: str = "") -> Iterator[Generated]:
        """Yield every annotated string inside a parsed value."""
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
    """Reads shapes from the schemas of one document; references may be circular."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._by_reference: dict[str, Shape] = {}
        self._merger = _Merger()
        # References that are not read yet; a queue, as recursion fails on long chains.
        self._waiting: list[tuple[str, Shape]] = []
        # Shapes with the parts that are not merged into them yet.
        self._parts_of: dict[int, tuple[Shape, list[Shape]]] = {}

    def read(self, schema: Any) -> Shape | None:
        """Return the shape of a schema, `None` for a schema that is not an object."""
        shape = self._read(schema)
        while self._waiting:
            reference, known = self._waiting.pop()
            self._fill(resolve(self._document, reference), known)
        # Only after all are read, as schemas may contain each other.
        while self._parts_of:
            self._complete(next(iter(self._parts_of)))
        self._merger.finish()
        return shape

    def _complete(self, key: int) -> None:
        found = self._parts_of.pop(key, None)
        if found is None:
            return
        shape, parts = found
        for part in parts:
            self._complete(id(part))
            self._merger.add(shape, part)

    def _read(self, schema: Any) -> Shape | None:
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
            part = self._read(member)
            if part is not None:
                shape.properties[name] = part
        shape.items = self._read(schema.get("items"))
        shape.additional = self._read(schema.get("additionalProperties"))
        shape.prefix = [self._read(item) for item in schema.get("prefixItems", ())]
        parts = list(self._parts(schema))
        named = {part.thing for part in parts if part.thing}
        shape.only = named.pop() if len(named) == 1 else ""
        if parts:
            self._parts_of[id(shape)] = shape, parts

    def _parts(self, schema: Mapping[str, Any]) -> Iterator[Shape]:
        if isinstance(schema.get("$ref"), str):
            yield self._referenced(schema["$ref"])
        for keyword in _COMBINATORS:
            for branch in schema.get(keyword, ()):
                part = self._read(branch)
                if part is not None:
                    yield part

    def _referenced(self, reference: str) -> Shape:
        known = self._by_reference.get(reference)
        if known is None:
            component = reference.rpartition("/")[2]
            known = self._by_reference[reference] = Shape(component)
            self._waiting.append((reference, known))
        return known


def resolve(document: Mapping[str, Any], reference: str) -> Any:
    """Return the target of a local reference (`#/components/...`).

    Nodes on the way may be references, too. Raise `ValueError` for other references, and for those
    without a target.
    """
    if reference != "#" and not reference.startswith("#/"):
        raise ValueError(f"only references inside the document are followed: {reference}")
    node: Any = document
    for part in unquote(reference).split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping) and key not in node:
            node = followed(document, node)
        try:
            node = node[int(key)] if isinstance(node, list) else node[key]
        except (KeyError, IndexError, TypeError, ValueError):
            raise ValueError(f"unresolvable reference: {reference}") from None
    return node


def followed(document: Mapping[str, Any], node: Any) -> Any:
    """Resolve a node of a document until it is not a reference.

    Raise `ValueError` for a reference without a target, and for a circular one.
    """
    steps = 0
    while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
        steps += 1
        if steps > _MAX_STEPS:
            raise ValueError(f"circular reference: {node['$ref']}")
        node = resolve(document, node["$ref"])
    return node


class _Merger:
    """Merges shapes, and each combination only once, as shapes may be recursive."""

    def __init__(self) -> None:
        self._made: dict[frozenset[int], Shape] = {}
        # The sources of each merged shape, by `id`; any other shape is its own source.
        self._sources: dict[int, dict[int, Shape]] = {}
        self._waiting: list[Shape] = []

    def finish(self) -> None:
        """Fill the merged shapes; a queue, as recursion fails on long chains."""
        while self._waiting:
            made = self._waiting.pop()
            for each in self._sources[id(made)].values():
                self.add(made, each)

    def add(self, shape: Shape, part: Shape) -> None:
        """Merge a part into a shape; what the shape has already takes precedence."""
        shape.kind = shape.kind or part.kind
        shape.pattern = shape.pattern or part.pattern
        for name, member in part.properties.items():
            known = shape.properties.setdefault(name, member)
            if known is not member:
                shape.properties[name] = self._merged(known, member)
        shape.items = shape.items or part.items
        shape.prefix = shape.prefix or part.prefix
        shape.additional = shape.additional or part.additional

    def _merged(self, one: Shape, other: Shape) -> Shape:
        sources = {**self._of(one), **self._of(other)}
        key = frozenset(sources)
        known = self._made.get(key)
        if known is not None:
            return known
        if len(sources) > _MAX_SOURCES or len(self._made) >= _MAX_MERGED:
            return one
        made = self._made[key] = Shape()
        self._sources[id(made)] = sources
        self._waiting.append(made)
        return made

    def _of(self, shape: Shape) -> dict[int, Shape]:
        return self._sources.get(id(shape), {id(shape): shape})


def _compile(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        # Valid ECMAScript but not valid in Python; the schema validator still checks the value.
        return None
