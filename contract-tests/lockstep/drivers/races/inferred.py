"""Infers races from any document: requests of which only one may win."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lockstep.auth.bodies import body_template, flat, takes_text
from lockstep.auth.texts import drawn
from lockstep.drivers.races.files import ANSWERS, DIFFERENT, Race
from lockstep.drivers.traps.places import members_of
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation

ROUNDS = 20
# If many races are inferred, each has fewer rounds.
_LEAST_ROUNDS, _ALL_ROUNDS = 6, 600
_IDS = ("id", "uuid", "slug", "key", "name")
_CREATED = {"status": [200, 201, 202]}


def infer_races(document: Document, actor: str | None = None) -> list[Race]:
    """Return the races that a document suggests; `actor` sends those that need a log-in.

    Two changes with the same `If-Match` (RFC 9110, 13.1.1), two creations with the same
    `Idempotency-Key`, and two equal creations if a conflict is documented. Each must have no more
    winners concurrently than sequentially.
    """
    actors = (actor,) if actor is not None else ()
    made: list[Race] = []
    for operation in document.operations.values():
        headers = {
            one.name.lower(): one.name for one in operation.parameters if one.location == "header"
        }
        if operation.method == "POST" and "{" not in operation.path:
            made += _creations(document, operation, headers, actors)
        elif operation.method in ("PUT", "PATCH", "DELETE") and "if-match" in headers:
            made += _changes(document, operation, headers["if-match"], actors)
    rounds = max(_LEAST_ROUNDS, min(ROUNDS, _ALL_ROUNDS // max(1, len(made))))
    return [replace(race, rounds=rounds) for race in made]


def _creations(
    document: Document, operation: Operation, headers: Mapping[str, str], actors: tuple[str, ...]
) -> Iterator[Race]:
    key = headers.get("idempotency-key")
    conflict = operation.response_for(409) is not None
    if key is None and not conflict:
        return
    body = _varied(document, operation, "${unique}")
    if body is None:
        return
    step = {"operation": operation.name, "json": body}
    if key is not None:
        sent = {**step, "headers": {key: "race-${unique}"}}
        name = f"{operation.name}: one {key}, twice"
        about = "A retried creation must not create twice."
        yield Race(name, about, (sent, sent), ROUNDS, actors=actors, winners=DIFFERENT)
    if conflict:
        name = f"{operation.name}: the same request, twice"
        about = "What is refused sequentially must be refused concurrently too."
        yield Race(name, about, (step, step), ROUNDS, actors=actors, winners=ANSWERS)


def _changes(
    document: Document, operation: Operation, if_match: str, actors: tuple[str, ...]
) -> Iterator[Race]:
    """Yield a race for a resource that a POST creates and whose tag a GET shows."""
    collection, _, last = operation.path.rpartition("/")
    creation, reading = document.find("POST", collection), document.find("GET", operation.path)
    if "{" in collection or not last.startswith("{") or creation is None or reading is None:
        return
    member = _id_member(document, creation, last.strip("{}"))
    body = _varied(document, creation, "${unique}")
    if member is None or body is None:
        return
    path = {last.strip("{}"): "${item}"}
    step: dict[str, Any] = {"operation": operation.name, "path": path}
    if operation.method != "DELETE":
        # Differs from the existing content, so that the tag changes.
        step["json"] = _varied(document, operation, "${unique}0")
    yield Race(
        name=f"{operation.name}: one {if_match}, twice",
        about="One of two updates of the same representation must be refused.",
        together=({**step, "headers": {if_match: "${tag}"}},) * 2,
        rounds=ROUNDS,
        actors=actors,
        setup=(
            {
                "operation": creation.name,
                "json": body,
                "expect": _CREATED,
                "save": {"item": f"body#/{member}"},
            },
            {
                "operation": reading.name,
                "path": path,
                "expect": {"status": 200},
                "save": {"tag": "header:ETag"},
            },
        ),
    )


def _id_member(document: Document, creation: Operation, parameter: str) -> str | None:
    """Return the member of a creation's response that identifies the resource."""
    for status in (201, 200, 202):
        response = creation.response_for(status)
        for media_type, content in (response.media_types if response else {}).items():
            if "json" in media_type:
                names = dict(members_of(document, content.get("schema", {})))
                return next((name for name in (parameter, *_IDS) if name in names), None)
    return None


def _varied(document: Document, operation: Operation, new: str) -> dict[str, Any] | None:
    """Return a valid body whose strings end in `new`, as far as the schema allows."""
    content = document.resolve(operation.definition.get("requestBody", {})).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    template = body_template(document, schema)
    if schema is None or not isinstance(template, dict):
        return None
    varied: dict[str, Any] = _vary(document, schema, template, new)
    return varied


def _vary(document: Document, schema: Any, value: Any, new: str) -> Any:
    schema = flat(document, schema)
    if isinstance(value, dict):
        members = schema.get("properties", {})
        return {
            name: _vary(document, members.get(name, {}), member, new)
            for name, member in value.items()
        }
    if not isinstance(value, str) or {"enum", "const"} & schema.keys():
        return value
    if "${" in value:
        return value.replace("${actor}", "racer").replace("${unique}", new)
    if takes_text(document, schema, value + new):
        return value + new
    # Few texts that match the pattern of a date are dates.
    return value if "format" in schema else drawn(schema) or value
