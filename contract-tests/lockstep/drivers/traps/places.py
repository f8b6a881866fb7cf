"""Finds where requests can be sent in an API that is known only by its document.

Places are found in the document alone: operations that need no knowledge of stored data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import schemathesis
from hypothesis import Phase, find, settings
from hypothesis.errors import HypothesisException
from schemathesis import Case, GenerationMode
from schemathesis.core.errors import SchemathesisError

from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation

_NUMBERS = ("integer", "number")
# Strings with these keywords are not free: other texts violate the schema.
_BOUND = ("const", "format", "pattern")


@dataclass(frozen=True, slots=True)
class Post:
    """A POST of JSON: its path, a valid body, and the members that a trap may replace."""

    path: str
    body: Mapping[str, Any]
    string: str | None
    number: str | None

    def write(self, member: str | None = None, literal: str = "") -> str:
        """Return the body as compact JSON text, with one member replaced by a JSON literal."""
        members = {name: json.dumps(value) for name, value in self.body.items()}
        if member is not None:
            members[member] = literal
        return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in members.items()) + "}"


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one document; fields that are `None` or empty have none.

    `item` are the parts before and after a path parameter of a GET, `query` are the path of a GET
    and the name of an integer in its query.
    """

    get: str
    item: tuple[str, str] | None
    query: tuple[str, str] | None
    posts: tuple[Post, ...]


def find_places(document: Document, *, signed_in: bool, posts: bool = True) -> Places:
    """Find the places of a document; operations that need a log-in come last unless `signed_in`.

    Without `posts` none are searched for, and no bodies are generated.
    """
    operations = sorted(
        document.operations.values(), key=lambda one: _rank(one, signed_in=signed_in)
    )
    gets = [operation for operation in operations if operation.method == "GET"]
    return Places(
        get=next((one.path for one in gets if not _needed(one)), "/"),
        item=next(_items(gets), None),
        query=next(_queries(gets, document), None),
        posts=tuple(_posts(operations, document)) if posts else (),
    )


def _rank(operation: Operation, *, signed_in: bool) -> tuple[bool, bool, int]:
    answers = operation.response_for(200)
    has_json = answers is not None and any("json" in name for name in answers.media_types)
    closed = operation.requires_auth and not signed_in
    return closed, operation.method == "GET" and not has_json, len(operation.path)


def _needed(operation: Operation) -> set[str]:
    inside = {one.name for one in operation.parameters if one.location == "path"}
    return inside | {one.name for one in operation.parameters if one.required}


def _items(gets: list[Operation]) -> Iterator[tuple[str, str]]:
    for operation in gets:
        (name, *others) = [*_needed(operation), ""]
        before, found, after = operation.path.partition("{" + name + "}")
        if found and others == [""]:
            yield before, after


def _queries(gets: list[Operation], document: Document) -> Iterator[tuple[str, str]]:
    for operation in gets:
        for raw in operation.definition.get("parameters", ()):
            parameter = document.resolve(raw)
            schema = document.resolve(parameter.get("schema", {}))
            is_number = parameter["in"] == "query" and "integer" in _types(schema)
            if is_number and _needed(operation) <= {parameter["name"]}:
                yield operation.path, parameter["name"]


def _posts(operations: list[Operation], document: Document) -> Iterator[Post]:
    """Yield the first POST of JSON, and the first ones whose body has a string and a number."""
    wanted = {"body", "string", "number"}
    for operation in operations:
        if operation.method != "POST" or "{" in operation.path:
            continue
        members = dict(members_of(document, _json_schema(document, operation)))
        strings = {name: one for name, one in members.items() if _is_string(one)}
        string = min(strings, key=lambda name: _is_bound(strings[name]), default=None)
        number = next((name for name, one in members.items() if _is_number(one)), None)
        offers = {"body"} | ({"string"} if string else set()) | ({"number"} if number else set())
        if not members or not wanted & offers:
            continue
        body = valid_body(document, operation)
        if body is not None:
            wanted -= offers
            yield Post(operation.path, body, string, number)


def _json_schema(document: Document, operation: Operation) -> Any:
    body = document.resolve(operation.definition.get("requestBody", {}))
    return body.get("content", {}).get("application/json", {}).get("schema", {})


def members_of(document: Document, schema: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield name and schema of the members of an object schema, including those of `allOf`."""
    schema = document.resolve(schema)
    if not isinstance(schema, Mapping):
        return
    for name, member in schema.get("properties", {}).items():
        yield name, document.resolve(member)
    for part in schema.get("allOf", ()):
        yield from members_of(document, part)


def _types(schema: Any) -> list[str]:
    given = schema.get("type", []) if isinstance(schema, Mapping) else []
    return given if isinstance(given, list) else [given]


def _is_string(schema: Mapping[str, Any]) -> bool:
    return "string" in _types(schema) and "enum" not in schema


def _is_bound(schema: Mapping[str, Any]) -> bool:
    return any(keyword in schema for keyword in _BOUND)


def _is_number(schema: Mapping[str, Any]) -> bool:
    return any(kind in _NUMBERS for kind in _types(schema)) and "enum" not in schema


def valid_body(document: Document, operation: Operation) -> Mapping[str, Any] | None:
    """Return the simplest valid JSON object for an operation; `None` if none can be generated."""
    # The first example of Hypothesis is the simplest one.
    quick = settings(database=None, derandomize=True, phases=[Phase.generate])
    try:
        found = schemathesis.openapi.from_dict(dict(document.raw))[operation.path][operation.method]
        strategy = found.as_strategy(generation_mode=GenerationMode.POSITIVE)
        case: Case[Any] = find(strategy, _has_object, settings=quick)
    except (HypothesisException, SchemathesisError):
        return None
    return case.body if isinstance(case.body, dict) else None


def _has_object(case: Case[Any]) -> bool:
    return isinstance(case.body, dict) and case.media_type == "application/json"
