"""Members that refer to a resource by the schema of its identifier: `to: {$ref: LocationCode}`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lockstep.openapi.attributes import path_parameters
from lockstep.openapi.naming import is_unique, thing
from lockstep.openapi.operations import Operation
from lockstep.openapi.resource_types import ResourceTypes
from lockstep.openapi.shapes import followed

_COMBINATORS = ("allOf", "anyOf", "oneOf")
_DEEPEST = 8

# A family and the attribute that identifies its resources.
Identifier = tuple[str, str]


def identifier_members(
    document: Mapping[str, Any], families: ResourceTypes, operations: Iterable[Operation]
) -> dict[tuple[str, str], Identifier]:
    """Return the members of request bodies that hold an identifier of a resource.

    They are named by the family of the object that they are in, and their name. A schema that
    identifies resources of several families, such as that of all ids, tells nothing.
    """
    every = list(operations)
    owners = _owners(document, families, every)
    found: dict[tuple[str, str], set[Identifier | None]] = defaultdict(set)
    bodies = _Bodies(document, families)
    for operation in every:
        for owner, name, member in bodies.members(operation):
            found[owner, name].add(owners.get(str(member.get("$ref", ""))))
    return {
        key: identifier
        for key, several in found.items()
        if len(several) == 1 and (identifier := next(iter(several))) is not None
    }


def _owners(
    document: Mapping[str, Any], families: ResourceTypes, operations: list[Operation]
) -> dict[str, Identifier]:
    """Return what the schemas of identifiers identify, by their references.

    They are those of path parameters, or else of members that identify the object they are in.
    """
    by_path: dict[str, set[Identifier]] = defaultdict(set)
    by_member: dict[str, set[Identifier]] = defaultdict(set)
    for operation in operations:
        for parameter in path_parameters(document, operation):
            name, schema = str(parameter["name"]), parameter.get("schema", {})
            if _is_own_scalar(document, schema):
                itself = operation.path.partition("{" + name + "}")[0] + "{" + name + "}"
                by_path[str(schema["$ref"])].add((families.about(itself), name))
    known = {families.about(operation.path) for operation in operations} - {""}
    schemas = document.get("components", {}).get("schemas", {})
    for component, schema in schemas.items() if isinstance(schemas, Mapping) else ():
        family = families.of(thing(component))
        for name, member in _properties(schema) if family in known else ():
            role = families.role(name, family)
            identifies = is_unique(name) or (role is not None and role.kind in ("id", "key"))
            if identifies and _is_own_scalar(document, member):
                by_member[str(member["$ref"])].add((family, name))
    return {
        reference: next(iter(found))
        for reference, found in {**by_member, **by_path}.items()
        if len(found) == 1
    }


class _Bodies:
    """Reads the members of request bodies; each schema once for each family that it is in."""

    def __init__(self, document: Mapping[str, Any], families: ResourceTypes) -> None:
        self._document = document
        self._families = families
        # By `id()` of a schema, which the document keeps alive.
        self._seen: set[tuple[int, str]] = set()

    def members(self, operation: Operation) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Yield (family of the object, name, schema) for each member of a body."""
        body = followed(self._document, operation.definition.get("requestBody", {}))
        about = self._families.about(operation.path)
        for content in body.get("content", {}).values():
            yield from self._within(content.get("schema"), about, 0)

    def _within(
        self, schema: Any, owner: str, depth: int
    ) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        schema = followed(self._document, schema)
        if not isinstance(schema, Mapping) or depth > _DEEPEST or (id(schema), owner) in self._seen:
            return
        self._seen.add((id(schema), owner))
        branches = (part for word in _COMBINATORS for part in schema.get(word, ()))
        for part in (*branches, schema.get("items")):
            yield from self._within(part, owner, depth + 1)
        for name, member in _properties(schema):
            yield owner, name, member
            yield from self._within(member, self._families.inside(name, owner), depth + 1)


def _is_own_scalar(document: Mapping[str, Any], member: Any) -> bool:
    """Whether a schema is a component of its own for a text or a whole number."""
    schema = followed(document, member)
    is_own = isinstance(member, Mapping) and schema is not member
    return is_own and isinstance(schema, Mapping) and schema.get("type") in ("string", "integer")


def _properties(schema: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    for name, member in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(member, Mapping):
            yield name, member
