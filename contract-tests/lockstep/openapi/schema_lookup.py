"""Looks up the schema that applies to one place of a body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation

Schema = Mapping[str, Any]
_BRANCHES = ("allOf", "anyOf", "oneOf")
# Schemas may be recursive.
_MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a body and the schemas that apply there.

    `name` is a readable name such as `Task.title`; `documented` is false if no schema describes the
    place. `owner` is the schema of the enclosing object, `owner_name` the name of its component.
    """

    name: str
    member: str
    schema: Schema = field(default_factory=dict)
    owner: Schema = field(default_factory=dict)
    owner_name: str = ""
    documented: bool = False

    @property
    def types(self) -> tuple[str, ...]:
        """The JSON types that the schema allows; empty if it has no `type`."""
        found = self.schema.get("type", ())
        return (found,) if isinstance(found, str) else tuple(found)

    @property
    def is_required(self) -> bool:
        """Whether this member is required in the enclosing object."""
        return self.member in self.owner.get("required", ())


def response_schema(
    operation: Operation | None, status: int, media_type: str | None
) -> Schema | None:
    """Return the schema of a documented response, `None` if there is none."""
    response = operation.response_for(status) if operation is not None else None
    content = response.content_for(media_type) if response is not None else None
    schema = content.get("schema") if content is not None else None
    return schema if isinstance(schema, Mapping) else None


def parts_of(where: str) -> tuple[str, ...]:
    """Split a place such as `body /data/*/id` into member names; `*` is any array element."""
    pointer = where.partition("/")[2]
    if not pointer:
        return ()
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/"))


def place_in(document: Document, schema: Schema | None, parts: tuple[str, ...]) -> Place:
    """Return the place that a path of member names leads to."""
    current: Schema | None = schema
    owner: Schema = {}
    owner_name = ""
    for part in parts:
        component = _component(document, current)
        merged = merge(document, current)
        if part != "*":
            owner, owner_name = merged, component or owner_name
        current = _inner(merged, part)
    member = next((part for part in reversed(parts) if part != "*"), "")
    name = f"{owner_name}.{member}" if owner_name and member else "/".join(parts) or "the body"
    return Place(
        name=name,
        member=member,
        schema=merge(document, current),
        owner=owner,
        owner_name=owner_name,
        documented=current is not None,
    )


def merge(document: Document, schema: Any, depth: int = 0) -> dict[str, Any]:
    """Merge a schema with its references and branches; `null` branches only add their type."""
    schema = document.resolve(schema)
    if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
        return {}
    merged = {key: value for key, value in schema.items() if key not in _BRANCHES}
    if merged.pop("nullable", False) is True:
        merged["type"] = [*_listed(merged.get("type")), "null"]
    for keyword in _BRANCHES:
        for branch in schema.get(keyword, ()):
            _add(merged, merge(document, branch, depth + 1))
    return merged


def _add(merged: dict[str, Any], branch: Mapping[str, Any]) -> None:
    for key, value in branch.items():
        if key == "properties":
            merged[key] = {**value, **merged.get(key, {})}
        elif key in ("type", "required"):
            merged[key] = list(dict.fromkeys([*_listed(merged.get(key)), *_listed(value)]))
        else:
            merged.setdefault(key, value)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _inner(schema: Schema, part: str) -> Schema | None:
    if part == "*":
        found = schema.get("items")
    else:
        found = schema.get("properties", {}).get(part, schema.get("additionalProperties"))
    return found if isinstance(found, Mapping) else None


def _component(document: Document, schema: Any, depth: int = 0) -> str:
    """Return the name of the component that a schema refers to, itself or in a branch."""
    if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
        return ""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return reference.rpartition("/")[2]
    branches = (branch for keyword in _BRANCHES for branch in schema.get(keyword, ()))
    names = (_component(document, branch, depth + 1) for branch in branches)
    return next(filter(None, names), "")
