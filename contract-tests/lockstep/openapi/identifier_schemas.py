"""Members that refer to a resource by the schema of its identifier: `to: {$ref: LocationCode}`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lockstep.openapi.naming import is_unique, thing
from lockstep.openapi.operations import Operation
from lockstep.openapi.resource_types import ResourceTypes
from lockstep.openapi.shapes import resolve

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
    for operation in every:
        for schema in _bodies(document, operation):
            about = families.about(operation.path)
            for owner, name, member in _members(document, families, schema, about, 0):
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
    for path, name, schema in _path_parameters(document):
        if _is_own_scalar(document, schema):
            itself = path.partition("{" + name + "}")[0] + "{" + name + "}"
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


def _path_parameters(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield (path, name, schema) for each parameter of a path."""
    for path, item in document.get("paths", {}).items():
        holders = (item, *item.values()) if isinstance(item, Mapping) else ()
        for holder in holders:
            declared = holder.get("parameters", ()) if isinstance(holder, Mapping) else ()
            for each in declared if isinstance(declared, list) else ():
                named = each.get("$ref") if isinstance(each, Mapping) else None
                parameter = resolve(document, named) if isinstance(named, str) else each
                if isinstance(parameter, Mapping) and parameter.get("in") == "path":
                    yield path, str(parameter.get("name", "")), parameter.get("schema", {})


def _bodies(document: Mapping[str, Any], operation: Operation) -> Iterator[Any]:
    """Yield the schemas of an operation's request body."""
    body = operation.definition.get("requestBody", {})
    if isinstance(body, Mapping) and isinstance(body.get("$ref"), str):
        body = resolve(document, body["$ref"])
    content = body.get("content", {}) if isinstance(body, Mapping) else {}
    for entry in content.values() if isinstance(content, Mapping) else ():
        yield entry.get("schema") if isinstance(entry, Mapping) else None


def _members(
    document: Mapping[str, Any], families: ResourceTypes, schema: Any, owner: str, depth: int
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield (family of the object, name, schema) for each member of a body."""
    if isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str):
        schema = resolve(document, schema["$ref"])
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return
    for combinator in _COMBINATORS:
        branches = schema.get(combinator, ())
        for branch in branches if isinstance(branches, list) else ():
            yield from _members(document, families, branch, owner, depth + 1)
    if "items" in schema:
        yield from _members(document, families, schema["items"], owner, depth + 1)
    for name, member in _properties(schema):
        yield owner, name, member
        inner = families.inside(name, owner)
        yield from _members(document, families, member, inner, depth + 1)


def _is_own_scalar(document: Mapping[str, Any], member: Any) -> bool:
    """Whether a schema is a component of its own for a text or a whole number."""
    named = member.get("$ref") if isinstance(member, Mapping) else None
    schema = resolve(document, named) if isinstance(named, str) else None
    return isinstance(schema, Mapping) and schema.get("type") in ("string", "integer")


def _properties(schema: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    for name, member in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(member, Mapping):
            yield name, member
