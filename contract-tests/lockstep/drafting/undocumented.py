"""Finds what recordings contain but a document lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lockstep.drafting.bodies import Bodies
from lockstep.drafting.operations import Recorded
from lockstep.drafting.parameters import header_parameters, query_parameters
from lockstep.drafting.security import Security
from lockstep.drafting.values import Values
from lockstep.openapi.document import Document
from lockstep.openapi.media import find_media_type
from lockstep.openapi.operations import Operation

# Kind -> heading, in the order of the report.
KINDS = {
    "path": "paths",
    "operation": "operations",
    "status": "statuses",
    "media_type": "media types",
    "parameter": "parameters",
    "member": "members",
}
_COMBINATORS = ("allOf", "anyOf", "oneOf")
_MOST_SCHEMAS = 200


@dataclass(frozen=True, slots=True)
class Undocumented:
    """A recorded part of an operation, or a path, that is not in the document."""

    operation: str
    kind: str
    what: str = ""


def undocumented(
    operations: Sequence[Recorded], security: Security, document: Document
) -> list[Undocumented]:
    """Return what a document lacks, without duplicates, in the order of the paths."""
    found = (each for recorded in operations for each in _of(recorded, security, document))
    return list(dict.fromkeys(found))


def _of(recorded: Recorded, security: Security, document: Document) -> Iterator[Undocumented]:
    path = "/" + "/".join(recorded.samples[0].segments)
    template = document.template(path)
    if template is None:
        yield Undocumented(recorded.path, "path")
        return
    operation = document.find(recorded.method, path)
    if operation is None:
        if recorded.method != "HEAD":
            yield Undocumented(f"{recorded.method} {template}", "operation")
        return
    name = operation.name
    yield from _parameters(recorded, security, operation, name)
    body = document.resolve(operation.definition.get("requestBody", {}))
    content = body.get("content", {}) if isinstance(body, Mapping) else {}
    yield from _bodies(recorded.sent, content, document, name, "request")
    for status, bodies in recorded.answers.items():
        response = operation.response_for(status)
        if response is None:
            yield Undocumented(name, "status", str(status))
        else:
            yield from _bodies(bodies, response.media_types, document, name, str(status))


def _parameters(
    recorded: Recorded, security: Security, operation: Operation, name: str
) -> Iterator[Undocumented]:
    known = {(each.location, each.name.lower()) for each in operation.parameters}
    sent = [*query_parameters(recorded.samples, security), *header_parameters(recorded.samples)]
    for parameter in sent:
        location, sent_name = parameter["in"], parameter["name"]
        # The members of a `deepObject` parameter are in brackets.
        names = {sent_name.lower(), sent_name.lower().partition("[")[0]}
        if not any((location, each) in known for each in names):
            yield Undocumented(name, "parameter", f"{sent_name} ({location})")


def _bodies(
    bodies: Bodies, content: Mapping[str, Any], document: Document, name: str, where: str
) -> Iterator[Undocumented]:
    for media_type, seen in bodies.contents.items():
        entry = find_media_type(content, media_type)
        if entry is None:
            yield Undocumented(name, "media_type", f"{media_type} ({where})")
        elif seen.values is not None:
            schema = document.resolve(entry).get("schema")
            for place in _members(seen.values, [schema], document, ""):
                yield Undocumented(name, "member", f"{place} ({where})")


def _members(
    values: Values, schemas: Sequence[Any], document: Document, place: str
) -> Iterator[str]:
    """Yield the places of members that no schema declares, if any schema declares members."""
    whole = _expanded(schemas, document)
    named: dict[str, list[Any]] = {}
    takes_others = False
    for schema in whole:
        takes_others |= bool(schema.get("patternProperties"))
        others = schema.get("additionalProperties")
        takes_others |= isinstance(others, Mapping) and bool(others)
        for key, member in (schema.get("properties") or {}).items():
            named.setdefault(key, []).append(member)
    for key, member in values.members.items() if named else ():
        if key in named:
            yield from _members(member, named[key], document, f"{place}/{key}")
        elif not takes_others:
            yield f"{place}/{key}"
    items = [schema["items"] for schema in whole if "items" in schema]
    if values.items is not None and items:
        yield from _members(values.items, items, document, f"{place}/*")


def _expanded(schemas: Sequence[Any], document: Document) -> list[Mapping[str, Any]]:
    """Return schemas with references resolved, together with their `allOf` etc. branches."""
    found: list[Mapping[str, Any]] = []
    waiting = list(schemas)
    while waiting and len(found) < _MOST_SCHEMAS:
        schema = document.resolve(waiting.pop(0))
        if isinstance(schema, Mapping) and not any(schema is each for each in found):
            found.append(schema)
            waiting += [part for key in _COMBINATORS for part in schema.get(key) or ()]
    return found
