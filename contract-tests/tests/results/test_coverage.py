"""Coverage of the document by a run, and the sentences on what was not covered."""

from __future__ import annotations

import json

import pytest

from lockstep.openapi.document import Document
from lockstep.openapi.loading import load_yaml
from lockstep.results.coverage import Coverage
from lockstep.transport.messages import Request

DOCUMENT = """
openapi: 3.1.0
info: { title: Tasks, version: '1' }
security: [{ bearer: [] }]
paths:
  /tasks:
    get:
      security: []
      parameters:
        - { name: limit, in: query, schema: { type: integer, minimum: 1, maximum: 50 } }
        - { name: state, in: query, schema: { $ref: '#/components/schemas/State' } }
        - { name: X-Trace, in: header, schema: { type: string, pattern: '^[a-f]+$' } }
      responses: { '200': { description: Some. }, '400': { description: None. } }
    post:
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [title]
              properties:
                title: { type: string, maxLength: 3 }
                tags: { type: array, maxItems: 2, items: { type: string, minLength: 1 } }
                parent: { $ref: '#/components/schemas/Parent' }
          text/csv: {}
      responses: { '201': { description: Made. } }
components:
  securitySchemes: { bearer: { type: http, scheme: bearer } }
  schemas:
    State: { type: string, enum: [open, closed] }
    Parent: { type: object, properties: { parent: { $ref: '#/components/schemas/Parent' } } }
"""


@pytest.fixture
def coverage() -> Coverage:
    """The coverage before any request."""
    return Coverage(Document(load_yaml(DOCUMENT)))


def send(coverage: Coverage, body: object, *, actor: str | None = "alice") -> None:
    """Note a POST of a task."""
    headers = (("Content-Type", "application/json; charset=utf-8"),)
    request = Request("POST", "/tasks", headers, json.dumps(body).encode(), actor=actor)
    coverage.sent("POST /tasks", request, authorised=actor is not None)


def list_tasks(coverage: Coverage, query: str, **headers: str) -> None:
    """Note a request for tasks."""
    request = Request("GET", f"/tasks?{query}", tuple(headers.items()))
    coverage.sent("GET /tasks", request, authorised=False)


def test_parameters_and_their_values_are_covered(coverage: Coverage) -> None:
    list_tasks(coverage, "state=open&limit=5", **{"x-trace": "abc"})
    inputs = coverage.inputs["GET /tasks"]
    assert inputs.unseen("parameters") == []
    assert inputs.unseen("values") == ["state = closed"]


def test_a_bound_is_tried_from_both_sides(coverage: Coverage) -> None:
    list_tasks(coverage, "limit=50")
    inputs = coverage.inputs["GET /tasks"]
    assert {"limit maximum broken", "limit minimum broken"} <= set(inputs.unseen("keywords"))
    list_tasks(coverage, "limit=51")
    list_tasks(coverage, "limit=0", **{"X-Trace": "xyz"})
    assert inputs.unseen("keywords") == ["X-Trace pattern kept"]


def test_nested_body_members_are_covered(coverage: Coverage) -> None:
    send(coverage, {"title": "abcd", "tags": ["", "a", "b"], "parent": {"parent": {}}})
    inputs = coverage.inputs["POST /tasks"]
    assert inputs.unseen("members") == ["parent/parent/parent", "parent/parent/parent/parent"]
    assert inputs.unseen("keywords") == [
        "tags maxItems kept",
        "title maxLength kept",
        "title required broken",
    ]
    send(coverage, {"tags": []})
    assert inputs.unseen("keywords") == ["title maxLength kept"]


def test_media_types_and_credentials_are_covered(coverage: Coverage) -> None:
    send(coverage, {})
    inputs = coverage.inputs["POST /tasks"]
    assert inputs.unseen("media_types") == ["text/csv"]
    assert inputs.unseen("credentials") == ["without credentials"]
    send(coverage, {}, actor=None)
    assert inputs.unseen("credentials") == []


@pytest.mark.parametrize("body", [b"\xff", b"[" * 100_000, b"null", b'{"tags": {}}'])
def test_malformed_bodies_are_ignored(coverage: Coverage, body: bytes) -> None:
    headers = (("Content-Type", "application/json"),)
    coverage.sent("POST /tasks", Request("POST", "/tasks", headers, body), authorised=False)


def test_untested_parts_are_reported_in_sentences(coverage: Coverage) -> None:
    assert coverage.not_tested() == [
        "`GET /tasks` was never sent.",
        "`POST /tasks` was never sent.",
    ]
    coverage.operations["GET /tasks"].requests = 1
    coverage.saw("GET /tasks", "old", 200)
    coverage.saw("GET /tasks", "new", 400)
    list_tasks(coverage, "limit=1")
    lines = coverage.not_tested()
    assert "`GET /tasks`: not seen on every target: 200, 400." in lines
    assert "`GET /tasks`: parameters never sent: header X-Trace, query state." in lines


def test_without_requests_no_status_code_is_covered() -> None:
    coverage = Coverage(Document(load_yaml(DOCUMENT)))
    seen, documented = coverage.totals()
    assert (seen, documented > 0) == (0, True)
