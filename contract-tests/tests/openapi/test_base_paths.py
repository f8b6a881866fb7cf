"""Base paths: operations with their own `servers` are called below their own base path."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.scripted import Scripted, answer

from lockstep.openapi.base_paths import base_path_of, rebased
from lockstep.openapi.document import Document
from lockstep.smoke import smoke
from lockstep.transport.messages import Request

OK = {"responses": {"200": {"description": "ok"}}}


def with_servers(*urls: str) -> dict[str, Any]:
    """The `servers` member of a document, a path item or an operation."""
    return {"servers": [{"url": url} for url in urls]}


def document(paths: dict[str, Any], *servers: str) -> dict[str, Any]:
    """A document with these server URLs, or without `servers`."""
    own = with_servers(*servers) if servers else {}
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, **own, "paths": paths}


@pytest.mark.parametrize(
    ("paths", "servers", "found", "base", "ends"),
    [
        ({"/a": {"get": OK}}, ("https://x.example/v1",), ["/a"], "/v1", ()),
        ({"/a": {"get": {**OK, **with_servers("/v1")}}}, ("/v1",), ["/a"], "/v1", ()),
        # A different host alone changes nothing.
        (
            {"/a": {"get": OK}, "/b": {"get": OK, **with_servers("https://up.example/v1")}},
            ("https://x.example/v1",),
            ["/a", "/b"],
            "/v1",
            (),
        ),
        # A path item, and an operation, with another version.
        (
            {"/a": {"get": OK}, "/b": {"get": OK, **with_servers("/v2")}},
            ("/v1",),
            ["/v1/a", "/v2/b"],
            "",
            ("/v1", "/v2"),
        ),
        (
            {"/a": {"get": OK, "post": {**OK, **with_servers("https://y.example/api/v2")}}},
            ("https://x.example/api/v1/",),
            ["/v1/a", "/v2/a"],
            "/api",
            ("/v1", "/v2"),
        ),
        # The document itself has no servers.
        (
            {"/a": {"get": OK}, "/b": {"get": OK, **with_servers("/files")}},
            (),
            ["/a", "/files/b"],
            "",
            ("/files",),
        ),
        # All operations override the servers, with the same base path.
        (
            {"/a": {"get": OK, **with_servers("/v3")}, "/b": {"get": OK, **with_servers("/v3")}},
            ("/v1",),
            ["/a", "/b"],
            "/v3",
            (),
        ),
    ],
)
def test_operation_paths_include_their_base_path(
    paths: dict[str, Any],
    servers: tuple[str, ...],
    found: list[str],
    base: str,
    ends: tuple[str, ...],
) -> None:
    read = Document(document(paths, *servers))
    assert [operation.path for operation in read.operations.values()] == found
    assert (read.base_path, read.moved_ends) == (base, ends)


def test_path_item_parameters_are_kept_when_a_path_is_split() -> None:
    named = [{"name": "q", "in": "query", "schema": {"type": "string"}}]
    item = {"get": OK, "put": {**OK, **with_servers("/v2")}, "parameters": named}
    changed, _ = rebased(document({"/a": item}, "/v1"))
    assert changed["paths"]["/v1/a"] == {"get": OK, "parameters": named}
    assert changed["paths"]["/v2/a"] == {"put": OK, "parameters": named}


def test_server_variables_are_replaced_by_their_defaults() -> None:
    variables = {"version": {"default": "v7", "enum": ["v6", "v7"]}, "host": {"default": "x"}}
    server = {"url": "https://{host}.example:{port}/{version}/", "variables": variables}
    assert base_path_of([server]) == "/v7"
    assert base_path_of([{"url": "{base}", "variables": {"base": {"default": "/api"}}}]) == "/api"
    assert base_path_of([{"url": "http://[bad/v1"}]) == ""
    assert base_path_of("nonsense") == ""


@pytest.mark.parametrize("end", ["/v1", "/gateway/v1", ""])
def test_requests_are_sent_below_the_base_path_of_their_operation(end: str) -> None:
    raw = document({"/a": {"get": OK}, "/b": {"get": {**OK, **with_servers("/v2")}}}, "/v1")
    target = Scripted("old", lambda _: answer({}))
    target.move(target.base_url + end)
    read = Document(raw)
    seen = smoke([target], read)
    assert seen.faults == []
    sent = [target.encode(request).split(b" ")[1].decode() for request in target.sent]
    outer = end.removesuffix("/v1")
    assert sent == [f"{outer}/v1/a", f"{outer}/v2/b"]
    assert bool(seen.notes) is bool(end)
    request = Request("GET", "/v2/b")
    operation = read.find(request.method, request.path)
    assert operation is not None
    assert operation.name == "GET /v2/b"
