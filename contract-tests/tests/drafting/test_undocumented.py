"""Recorded traffic that a document does not describe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner
from fixtures.captured import drafted, seen
from fixtures.har_recorder import HarRecorder
from fixtures.notes_server import DOCUMENT, serve
from fixtures.sessions import use_notes

from lockstep.cli import main
from lockstep.drafting import lacking
from lockstep.openapi.document import Document

TASK = {"id": 1, "title": "x", "owner": {"id": 3}}


def lacks(document: dict[str, Any], *captured: Any) -> list[tuple[str, str, str]]:
    found = lacking(captured, Document(document)).found
    return [(each.operation, each.kind, each.what) for each in found]


def test_draft_documents_everything_in_its_recording() -> None:
    captured = (
        seen("GET /v1/tasks?limit=1", [TASK], sent={"X-Tenant": "a"}),
        seen("POST /v1/tasks", TASK, 201, {"title": "x"}),
        seen("GET /v1/tasks/1", TASK),
        seen("GET /v1/counts", {"2026-01-01": 1}),
    )
    assert lacks(drafted(*captured).document, *captured) == []


def test_undocumented_traffic_is_listed() -> None:
    document = drafted(
        seen("GET /v1/tasks", [TASK]),
        seen("GET /v1/tasks/1", TASK),
        seen("POST /v1/tasks", TASK, 201, {"title": "x"}),
    ).document
    more = {**TASK, "done": True, "owner": {"id": 3, "mail": "a@b.test"}}
    assert lacks(
        document,
        seen("GET /v1/tasks?limit=1&filter%5Bx%5D=1", [TASK, more], sent={"X-Tenant": "a"}),
        seen("GET /v1/tasks/1", TASK),
        seen("GET /v1/tasks/two", {"error": "x"}, 404),
        seen(
            "POST /v1/tasks",
            b"x",
            201,
            {"title": "x", "size": 1},
            response_headers={"Content-Type": "text/csv"},
        ),
        seen("DELETE /v1/tasks/1", b"", 204),
        seen("GET /v1/jobs", []),
        seen("GET /other", b"", 404),
    ) == [
        ("/jobs", "path", ""),
        ("listTasks", "parameter", "limit (query)"),
        ("listTasks", "parameter", "filter[x] (query)"),
        ("listTasks", "parameter", "X-Tenant (header)"),
        ("listTasks", "member", "/*/owner/mail (200)"),
        ("listTasks", "member", "/*/done (200)"),
        ("createTask", "member", "/size (request)"),
        ("createTask", "media_type", "text/csv (201)"),
        ("getTask", "status", "404"),
        ("DELETE /tasks/{taskId}", "operation", ""),
    ]


def test_open_and_combined_schemas_allow_properties() -> None:
    schema = {
        "allOf": [
            {"$ref": "#/components/schemas/Base"},
            {"properties": {"labels": {"type": "object", "additionalProperties": {}}}},
            {"oneOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]},
        ]
    }
    content = {"application/json": {"schema": schema}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "x", "version": "1"},
        "paths": {"/x": {"get": {"responses": {"2XX": {"description": "", "content": content}}}}},
        "components": {
            "schemas": {
                "Base": {"properties": {"id": {}, "next": {"$ref": "#/components/schemas/Base"}}}
            }
        },
    }
    answer = {"id": 1, "next": {"id": 2, "z": 1}, "labels": {"k": 1}, "a": {"free": 1}, "b": 1}
    assert lacks(document, seen("GET /x", answer)) == [("GET /x", "member", "/next/z (200)")]


def test_command_lists_undocumented_traffic(tmp_path: Path) -> None:
    with serve("recorded") as target:
        client = HarRecorder(target.base_url)
        use_notes(client)
    recording = client.save(tmp_path / "notes.har")
    command = ["infer", str(recording), "--document"]
    result = CliRunner().invoke(main, [*command, str(DOCUMENT)])
    assert result.exit_code == 0
    assert (
        result.stdout.splitlines()[0]
        == "45 requests: the document covers everything that they contain"
    )
    document = yaml.safe_load(DOCUMENT.read_text())
    del document["paths"]["/notes/{note_id}/close"]
    del document["paths"]["/notes"]["get"]["parameters"]
    lesser = tmp_path / "lesser.json"
    lesser.write_text(json.dumps(document, default=str))
    result = CliRunner().invoke(main, [*command, str(lesser), "--json", "-"])
    assert [each["kind"] for each in json.loads(result.stdout)["lacking"]] == [
        *("parameter", "parameter", "path")
    ]


def test_output_and_document_options_are_exclusive(tmp_path: Path) -> None:
    for more in ([], ["-o", str(tmp_path / "x.yaml"), "--document", str(DOCUMENT)]):
        result = CliRunner().invoke(main, ["infer", "x.har", *more])
        assert result.exit_code == 2
        assert "--document" in result.stderr
