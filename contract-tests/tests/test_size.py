"""A document of 300 operations: all are requested, and the costs grow linearly."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fixtures.scripted import Scripted, answer

from lockstep.report.data import as_data
from lockstep.report.html import html_text
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request, Response

WORDS = ("order", "invoice", "cart", "parcel", "voucher", "branch", "ticket", "report", "device")


def content_of(name: str) -> dict[str, str]:
    """A reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def schema(name: str) -> dict[str, Any]:
    """A resource with properties of many types, which may contain resources of its own type."""
    return {
        "type": "object",
        "required": ["name"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "name": {"type": "string", "minLength": 1, "maxLength": 40},
            "note": {"type": ["string", "null"]},
            "size": {"type": "integer", "minimum": 0, "maximum": 99},
            "state": {"enum": ["open", "closed"]},
            "parent": {"$ref": f"#/components/schemas/{name}"},
            "parts": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
        },
    }


VALID = jsonschema_rs.validator_for(
    {**content_of("Any"), "components": {"schemas": {"Any": schema("Any")}}}
)


def generated(count: int) -> dict[str, Any]:
    """A document with `count` operations, five for each resource type."""
    paths: dict[str, Any] = {}
    schemas = {}
    for number in range(count // 5):
        kind = f"{WORDS[number % len(WORDS)]}{number}"
        name = kind.capitalize()
        schemas[name] = schema(name)
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        one = {"description": "it", "content": content}
        several = {"application/json": {"schema": {"type": "array", "items": content_of(name)}}}
        key = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
        body = {"required": True, "content": content}
        lost = {"404": {"description": "none"}}
        paths[f"/{kind}s"] = {
            "get": {"responses": {"200": {"description": "all", "content": several}}},
            "post": {"requestBody": body, "responses": {"201": one, "400": {"description": "no"}}},
        }
        paths[f"/{kind}s/{{id}}"] = {
            "parameters": [key],
            "get": {"responses": {"200": one, **lost}},
            "delete": {"responses": {"204": {"description": "gone"}, **lost}},
        }
        log = {"description": "said of it", "content": several}
        paths[f"/{kind}s/{{id}}/log"] = {
            "parameters": [key],
            "get": {"responses": {"200": log, **lost}},
        }
    info = {"title": "Many", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def serve(first: int) -> Any:
    """A server of all resource types, whose IDs start at `first`."""
    things: dict[str, dict[str, Any]] = {}
    counts: Counter[str] = Counter()

    def respond(request: Request) -> Response:
        parts = request.path.partition("?")[0].strip("/").split("/")
        kind, name = parts[0], parts[1] if len(parts) > 1 else ""
        known = things.setdefault(kind, {})
        try:
            sent = json.loads(request.body or b"null")
        except ValueError:
            return answer(status=400)
        if not name and request.method == "GET":
            return answer(list(known.values()))
        if not name and request.method == "POST":
            if not VALID.is_valid(sent):
                return answer(status=400)
            counts[kind] += 1
            number = first + counts[kind]
            known[str(number)] = {**sent, "id": number}
            return answer(known[str(number)], 201)
        if name not in known:
            return answer(status=404)
        if request.method == "DELETE":
            del known[name]
            return Response(204)
        return answer([] if parts[2:] else known[name])

    return respond


def walked(folder: Path, count: int) -> Run:
    """A run that has completed the walk of a document with `count` operations."""
    path = folder / f"{count}.json"
    path.write_text(json.dumps(generated(count)))
    run = Run(Settings(document=path, require_coverage=False))
    run.confirms_at_the_end = True
    targets = [Scripted("old", serve(0)), Scripted("new", serve(7_000))]
    run.self_check(targets)
    run.walk(targets)
    return run


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with 300 operations."""
    return walked(tmp_path_factory.mktemp("large"), 300)


def test_every_operation_is_requested_and_succeeds(large: Run) -> None:
    data = as_data(large.finish())
    documented = {name: one for name, one in data["operations"].items() if one["documented"]}
    assert len(documented) == 300
    for one in documented.values():
        assert one["exchanges"] > 0
        assert any(status.startswith("2") for status in one["statuses"]["old"])
    assert (data["verdict"], data["findings"]) == ("alike", [])


def test_requests_and_report_size_grow_linearly_with_operations(large: Run, tmp_path: Path) -> None:
    small = walked(tmp_path, 60)
    assert large.ledger.exchanges == pytest.approx(5 * small.ledger.exchanges, rel=0.05)
    texts = [html_text(as_data(run.finish())) for run in (small, large)]
    assert len(texts[1]) < 5.5 * len(texts[0])
    assert all(f"/{word}" in texts[1] for word in WORDS)
