"""Which attributes the answers of a document show, by the family of the things that have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from lockstep.openapi.naming import split
from lockstep.openapi.operations import Operation
from lockstep.openapi.shapes import followed

# The type of each attribute, empty where the document does not say.
Attributes = dict[str, dict[str, str]]
_COMBINATORS = ("allOf", "anyOf", "oneOf")
_DEPTH = 6
# By which attribute a path that is called after the thing itself names it: `/files/{file}`.
_NAMES = ("name", "slug", "key", "code", "number")
_IDS = ("id", "uuid")


class Families(Protocol):
    """What says to which family an object belongs."""

    def about(self, path: str) -> str:
        """The family of what a path answers with."""
        ...

    def inside(self, name: str, owner: str, component: str = "") -> str:
        """The family of an object that is a member."""
        ...


def read_attributes(
    document: Mapping[str, Any], operations: Iterable[Operation], families: Families
) -> Attributes:
    """The attributes of each family in the answers to requests that succeed."""
    found: Attributes = {}
    reader = _Reader(document, families, found)
    for operation in operations:
        owner = families.about(operation.path)
        for status, response in operation.responses.items():
            for content in response.media_types.values() if status.startswith("2") else ():
                reader.read(content.get("schema"), owner)
    return found


def shown_attribute(family: str, attribute: str, kind: str, known: Mapping[str, str]) -> str:
    """The attribute, among those `known`, by which a path parameter of type `kind` names a thing.

    `/files/{file}` and `/files/{filename}` name a file by its `name` or its `id`, if it has no
    member that is called like the parameter.
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
    """The type of a path parameter, empty if the document does not say."""
    item = followed(document, document.get("paths", {}).get(operation.path, {}))
    raw = (*item.get("parameters", ()), *operation.definition.get("parameters", ()))
    for parameter in (followed(document, each) for each in raw):
        if parameter.get("name") == name and parameter.get("in") == "path":
            return _type(followed(document, parameter.get("schema", {})))
    return ""


class _Reader:
    def __init__(self, document: Mapping[str, Any], families: Families, found: Attributes) -> None:
        self._document = document
        self._families = families
        self._found = found
        self._seen: set[tuple[int, str]] = set()

    def read(self, schema: Any, owner: str, depth: int = _DEPTH) -> None:
        """Note the members of a schema, and those of what is inside it."""
        schema = followed(self._document, schema)
        if not isinstance(schema, Mapping) or not depth or (id(schema), owner) in self._seen:
            return
        self._seen.add((id(schema), owner))
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
        for word in _COMBINATORS:
            yield from schema.get(word, ())
        if "items" in schema:
            yield schema["items"]


def _component(schema: Any) -> str:
    """The name of the schema of a member, or of the elements of one."""
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
