"""Collects the attributes that documented responses contain, by resource family."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from lockstep.openapi.naming import split
from lockstep.openapi.operations import Operation
from lockstep.openapi.shapes import followed

# Family -> attribute -> JSON type; the type is empty where the document does not declare it.
Attributes = dict[str, dict[str, str]]
_COMBINATORS = ("allOf", "anyOf", "oneOf")
_DEPTH = 6
# What a path parameter that is named after its resource, as in `/files/{file}`, may hold.
_NAMES = ("name", "slug", "key", "code", "number")
_IDS = ("id", "uuid")


class Families(Protocol):
    """Maps paths and object members to the family of the resource that they represent."""

    def about(self, path: str) -> str:
        """Return the family of the resource that a path returns."""
        ...

    def inside(self, name: str, owner: str, component: str = "") -> str:
        """Return the family of an object that is the member `name` of an object of `owner`."""
        ...


def read_attributes(
    document: Mapping[str, Any], operations: Iterable[Operation], families: Families
) -> Attributes:
    """Return the attributes of each family in the documented 2xx responses."""
    found: Attributes = {}
    reader = _Reader(document, families, found)
    for operation in operations:
        owner = families.about(operation.path)
        for status, response in operation.responses.items():
            for content in response.media_types.values() if status.startswith("2") else ():
                reader.read(content.get("schema"), owner)
    return found


def shown_attribute(family: str, attribute: str, kind: str, known: Mapping[str, str]) -> str:
    """Return the attribute, out of `known`, that a path parameter of type `kind` holds.

    `/files/{file}` and `/files/{filename}` identify a file by its `name` or its `id` if it has no
    member of the parameter's name.
    """
    if attribute in known or not family or not attribute.startswith(family):
        return attribute
    rest = attribute.removeprefix(family)
    if rest:
        return rest if rest in known else attribute
    ids = [name for name in _IDS if name in known]
    names = [name for name in _NAMES if name in known]
    if ids and names and kind and known[ids[0]] not in ("", kind):
        return names[0]
    return next(iter((*ids, *names)), attribute)


def type_of(document: Mapping[str, Any], operation: Operation, name: str) -> str:
    """Return the JSON type of a path parameter, empty if the document does not declare it."""
    for parameter in path_parameters(document, operation):
        if parameter.get("name") == name:
            return _type(followed(document, parameter.get("schema", {})))
    return ""


def path_parameters(
    document: Mapping[str, Any], operation: Operation
) -> Iterator[Mapping[str, Any]]:
    """Yield the declared parameters of an operation's path, those of the path item included."""
    item = followed(document, document.get("paths", {}).get(operation.path, {}))
    raw = (*item.get("parameters", ()), *operation.definition.get("parameters", ()))
    for parameter in (followed(document, each) for each in raw):
        if parameter.get("in") == "path":
            yield parameter


class _Reader:
    def __init__(self, document: Mapping[str, Any], families: Families, found: Attributes) -> None:
        self._document = document
        self._families = families
        self._found = found
        # By `id()` of a schema, which each entry keeps alive.
        self._seen: dict[tuple[int, str], Any] = {}

    def read(self, schema: Any, owner: str, depth: int = _DEPTH) -> None:
        """Record the members of a schema and of the schemas nested in it."""
        schema = followed(self._document, schema)
        if not isinstance(schema, Mapping) or not depth or (id(schema), owner) in self._seen:
            return
        self._seen[id(schema), owner] = schema
        for part in self._parts(schema):
            self.read(part, owner, depth - 1)
        for name, member in schema.get("properties", {}).items():
            plain = followed(self._document, member)
            if not isinstance(plain, Mapping):
                continue
            about, attribute = split(name)
            if about in ("", owner):
                self._found.setdefault(owner, {}).setdefault(attribute, _type(plain))
            component = _component(member)
            self.read(member, self._families.inside(name, owner, component), depth - 1)

    def _parts(self, schema: Mapping[str, Any]) -> Iterator[Any]:
        for keyword in _COMBINATORS:
            yield from schema.get(keyword, ())
        if "items" in schema:
            yield schema["items"]


def _component(schema: Any) -> str:
    """Return the component name of a member's schema, or of its elements."""
    for _ in range(3):
        if not isinstance(schema, Mapping):
            return ""
        if isinstance(schema.get("$ref"), str):
            return str(schema["$ref"]).rpartition("/")[2]
        schema = schema.get("items")
    return ""


def _type(schema: Any) -> str:
    found = schema.get("type", "") if isinstance(schema, Mapping) else ""
    if isinstance(found, list):
        found = next((each for each in found if each != "null"), "")
    return str(found)
