"""Third-party documents: OpenAPI 3.0 schemas, base paths, documents at URLs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from lockstep.openapi.conformance import Conformance
from lockstep.openapi.dialect import modernised
from lockstep.openapi.document import Document
from lockstep.transport.messages import Response

JSON = (("Content-Type", "application/json"),)


def document(schema: Any, version: str = "3.0.3") -> Document:
    """A document of one operation whose response has a schema."""
    content = {"application/json": {"schema": schema}}
    item = {"get": {"responses": {"200": {"description": "ok", "content": content}}}}
    return Document(
        {
            "openapi": version,
            "info": {"title": "t", "version": "1"},
            "paths": {"/x": {"$ref": "#/components/pathItems/X"}},
            "components": {
                "pathItems": {"X": item},
                "schemas": {"Pet": {"type": "object", "required": ["name"]}},
            },
        }
    )


@pytest.mark.parametrize(
    ("schema", "body", "conforms"),
    [
        ({"type": "string", "nullable": True}, b"null", True),
        ({"type": "string", "nullable": True}, b"1", False),
        ({"type": "string", "enum": ["a"], "nullable": True}, b"null", True),
        ({"allOf": [{"$ref": "#/components/schemas/Pet"}], "nullable": True}, b"null", True),
        ({"allOf": [{"$ref": "#/components/schemas/Pet"}], "nullable": True}, b"{}", False),
        ({"$ref": "#/components/schemas/Pet", "nullable": True}, b"null", False),
        ({"type": "number", "minimum": 1, "exclusiveMinimum": True}, b"1", False),
        ({"type": "number", "minimum": 1, "exclusiveMinimum": False}, b"1", True),
        ({"properties": {"nullable": {"type": "boolean"}}}, b'{"nullable":true}', True),
        ({"enum": ["a"], "nullable": True}, b"null", True),
        ({"default": {"nullable": True}, "type": "string"}, b"null", False),
        *(
            ({"properties": {name: {"type": "string", "nullable": True}}}, body, True)
            for name, body in (
                ("default", b'{"default":null}'),
                ("example", b'{"example":null}'),
                ("enum", b'{"enum":null}'),
                ("const", b'{"const":null}'),
                ("links", b'{"links":null}'),
                ("x-note", b'{"x-note":null}'),
                ("properties", b'{"properties":null}'),
            )
        ),
        (
            {"properties": {"properties": {"properties": {"default": {"nullable": False}}}}},
            b'{"properties":{"default":1}}',
            True,
        ),
        (
            {"required": ["p"], "properties": {"p": {"type": "string", "writeOnly": True}}},
            b"{}",
            True,
        ),
    ],
)
def test_openapi_3_0_schemas_are_applied_in_their_dialect(
    schema: Any, body: bytes, conforms: bool
) -> None:
    described = document(schema)
    operation = described.operations["GET /x"]
    found = Conformance(described).check(operation, Response(200, JSON, body))
    assert ([violation.kind for violation in found] == []) is conforms


def test_default_response_is_not_taken_for_a_default_value() -> None:
    schema = {"type": "string", "nullable": True}
    content = {"application/json": {"schema": schema, "example": {"nullable": True}}}
    answer = {"description": "ok", "content": content}
    raw = {"openapi": "3.0.3", "paths": {"/x": {"get": {"responses": {"default": answer}}}}}
    media = modernised(raw)["paths"]["/x"]["get"]["responses"]["default"]["content"]
    assert media["application/json"] == {
        "schema": {"type": ["string", "null"]},
        "example": {"nullable": True},
    }


def test_openapi_3_1_schemas_are_unchanged() -> None:
    described = document({"type": "string", "nullable": True}, "3.1.0")
    operation = described.operations["GET /x"]
    found = Conformance(described).check(operation, Response(200, JSON, b"null"))
    assert [violation.kind for violation in found] == ["body_schema"]


@pytest.mark.parametrize(
    ("servers", "path"),
    [
        ([], ""),
        ([{"url": "/"}], ""),
        ([{"url": "/api/"}], "/api"),
        ([{"url": "https://example.org/v1"}], "/v1"),
        ([{"url": "/{v}", "variables": {"v": {"default": "v2"}}}], "/v2"),
    ],
)
def test_base_path_is_that_of_the_first_server(servers: list[Any], path: str) -> None:
    raw = {"openapi": "3.1.0", "paths": {}, "servers": servers}
    assert Document(raw).base_path == path


@pytest.fixture
def url() -> Iterator[str]:
    """The URL of an HTTP server that serves a document."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/openapi.yaml"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(b"openapi: 3.0.0\ninfo: {title: Far, version: 1}\npaths: {}\n")

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_document_is_loaded_from_a_url(url: str) -> None:
    assert Document.load(f"{url}/openapi.yaml").title == "Far"


def test_failed_download_names_the_url(url: str) -> None:
    with pytest.raises(OSError, match=r"http://.*/gone: it returns 404 Not Found"):
        Document.load(f"{url}/gone")
    with pytest.raises(OSError, match=r"http://127\.0\.0\.1:1/x: nothing listens there"):
        Document.load("http://127.0.0.1:1/x")
