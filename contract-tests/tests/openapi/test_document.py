"""Documents: lookup of operations, annotations, conformance of responses, invalid files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.transport.messages import NoResponse, Response

JSON = ("Content-Type", "application/json")
TAG = ("ETag", f'"{"a" * 32}"')
NOTE = (
    b'{"id":"00000000-0000-4000-8000-000000000000","text":"a","size":1,'
    b'"created_at":"Z","ended_at":null,"seconds":null}'
)


@pytest.mark.parametrize(
    ("method", "path", "label"),
    [
        ("GET", "/notes?limit=1", "listNotes"),
        ("GET", "/notes/17", "getNote"),
        ("POST", "/notes/17/close", "closeNote"),
        ("HEAD", "/notes/17", "HEAD /notes/{note_id}"),
        ("GET", "/nowhere", "GET (no documented path)"),
        ("GET", "/notes/", "GET (no documented path)"),
    ],
)
def test_requests_are_labelled_with_their_operation(
    document: Document, method: str, path: str, label: str
) -> None:
    assert document.label(method, path) == label


def test_annotations_are_found_through_refs_and_alternatives(document: Document) -> None:
    operation = document.operations["listNotes"]
    shape = document.shape_of(operation, 200, "application/json")
    assert shape is not None
    body = {"data": [{"id": "i", "ended_at": "t", "text": "x"}], "next_cursor": "c"}
    found = [(item.kind, item.path, item.owner) for item in shape.generated(body)]
    assert found == [
        ("id", ("data", 0, "id"), "Note"),
        ("time", ("data", 0, "ended_at"), "Note"),
        ("cursor", ("next_cursor",), "Page"),
    ]


def test_requires_auth_follows_the_security_requirements(document: Document) -> None:
    assert document.operations["listNotes"].requires_auth
    assert not document.operations["logIn"].requires_auth


@pytest.mark.parametrize(
    ("response", "kinds"),
    [
        (Response(200, (JSON, TAG), NOTE), []),
        (Response(200, (JSON,), NOTE), ["missing_header"]),
        (Response(200, (JSON, ("ETag", "x")), NOTE), ["header_schema"]),
        (Response(200, (JSON, TAG), b"{}"), ["body_schema"]),
        (Response(200, (JSON, TAG), b"{"), ["unreadable_body"]),
        (Response(200, (("Content-Type", "text/html"), TAG), NOTE), ["undocumented_media_type"]),
        (Response(418, (JSON,), NOTE), ["undocumented_status"]),
        (Response(500, (JSON,), NOTE), ["server_error"]),
        (NoResponse("dropped"), ["no_response"]),
    ],
)
def test_response_is_checked_against_the_document(
    document: Document, response: Response | NoResponse, kinds: list[str]
) -> None:
    conformance = Conformance(document)
    violations = conformance.check(document.operations["getNote"], response)
    assert [violation.kind for violation in violations] == kinds


def test_undocumented_body_is_a_violation(document: Document) -> None:
    conformance = Conformance(document)
    violations = conformance.check(document.operations["deleteNote"], Response(204, (), b"x"))
    assert [violation.kind for violation in violations] == ["unexpected_body"]


def test_expected_server_error_is_not_a_violation(document: Document) -> None:
    conformance = Conformance(document)
    assert conformance.check(None, Response(503), frozenset({503})) == []
    assert conformance.check(None, Response(503)) != []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[]", "it is not an OpenAPI document but a list"),
        ("", "it is empty"),
        ("# nothing", "it is empty"),
        ("just words", "it is not an OpenAPI document but a string"),
        ('{"name": "x", "version": "1"}', "it has name, version at the top level, and"),
        ('{"info": {}, "item": []}', "a Postman collection"),
        ("asyncapi: 2.6.0", "an AsyncAPI document"),
        ("swaggerVersion: '1.2'", "it is Swagger 1.2: convert it"),
        ("openapi: 4.0.0", "it is OpenAPI 4.0.0; lockstep reads"),
        ("paths: {}", "it lacks its version"),
        ("<!DOCTYPE html>\n<html><body>hi", "an HTML page, not a document: give the URL"),
        ('<html><script>ui({url: "/v1/openapi.json"})', "it links to /v1/openapi.json: use"),
        ("<html><redoc spec-url='spec.yaml'></redoc>", "it links to spec.yaml: use that"),
        ("swagger: '1.2'", "a Swagger 1.2 document; lockstep reads Swagger 2.0 and OpenAPI 3.0"),
        ("openapi: 3.0.0\npaths: []", "`paths` is not an object"),
        ("openapi: 3.0.0\npaths: {/x: {get: []}}", "paths, /x: cannot be read"),
        ("a: [", "expected node content"),
        ("{", "Expecting property name"),
    ],
)
def test_invalid_document_is_rejected(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "document.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        Document.load(path)
