"""Loading of documents: YAML, several files, Swagger 2.0 to OpenAPI 3.2, unusual paths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.openapi.loading import load_data, load_yaml
from lockstep.transport.messages import Response

JSON = (("Content-Type", "application/json"),)
TEXT = {"type": "string"}


def ok(schema: Any, media_type: str = "application/json") -> dict[str, Any]:
    """The responses of an operation: 200 with a schema."""
    return {"200": {"description": "ok", "content": {media_type: {"schema": schema}}}}


def document(paths: Any, version: str = "3.1.0", **more: Any) -> Document:
    """A document of these paths."""
    info = {"title": "t", "version": "1"}
    return Document({"openapi": version, "info": info, "paths": paths, **more})


def kinds(described: Document, name: str, body: Any, status: int = 200) -> list[str]:
    """The kinds of violation in a JSON response of an operation."""
    answer = Response(status, JSON, json.dumps(body).encode())
    found = Conformance(described).check(described.operations[name], answer)
    return [violation.kind for violation in found]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[NO, on, Yes, off]", ["NO", "on", "Yes", "off"]),
        ("[2020-01-01, 1:30, 1_000, .inf]", ["2020-01-01", "1:30", "1_000", ".inf"]),
        (
            "[true, False, ~, null, 0x1F, 0o17, 017, 1e3]",
            [True, False, None, None, 31, 15, 17, 1e3],
        ),
        ("[=, <, !!str 1, !!binary aGk=]", ["=", "<", "1", "aGk="]),
        (
            "{200: a, 1.10: b, NO: c, on: d, null: e}",
            dict(zip(("200", "1.10", "NO", "on", "null"), "abcde", strict=True)),
        ),
        ("a: &a {x: 1}\nb: {<<: *a, y: 2}", {"a": {"x": 1}, "b": {"x": 1, "y": 2}}),
    ],
)
def test_yaml_is_read_with_the_1_2_core_schema(text: str, value: Any) -> None:
    assert load_yaml(text) == value


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_byte_order_mark_is_ignored(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "document.yaml"
    path.write_text("openapi: 3.1\ninfo: {title: Größe}\npaths: {}\n", encoding=encoding)
    assert Document.load(path).title == "Größe"


def written(folder: Path, **files: Any) -> Path:
    """A document in several files; `_` in their names stands for `.`."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
    return folder / "main.json"


def test_refs_into_other_files_are_resolved(tmp_path: Path) -> None:
    node = {"type": "object", "required": ["name"], "properties": {"next": {"$ref": "#/Node"}}}
    main = written(
        tmp_path,
        main_json={
            "openapi": "3.0.3",
            "paths": {
                "/item": {"$ref": "parts/item.json"},
                "/operation": {"get": {"$ref": "parts/get.json"}},
                "/response": {"get": {"responses": {"200": {"$ref": "parts/more.json#/ok~1it"}}}},
            },
            "components": {"schemas": {"Here": TEXT}},
        },
        parts__item_json={"get": {"$ref": "get.json"}},
        parts__get_json={
            "parameters": [{"$ref": "more.json#/id"}],
            "responses": {"200": {"$ref": "more.json#/ok~1it"}},
        },
        parts__more_json={
            "id": {
                "name": "id",
                "in": "query",
                "schema": {"$ref": "../main.json#/components/schemas/Here"},
            },
            "ok/it": {"content": {"application/json": {"schema": {"$ref": "node.json#/Node"}}}},
        },
        parts__node_json={"Node": node},
    )
    described = Document.load(main)
    assert described.problems == []
    assert list(described.operations) == ["GET /item", "GET /operation", "GET /response"]
    assert [each.name for each in described.operations["GET /item"].parameters] == ["id"]
    for name in described.operations:
        assert kinds(described, name, {"name": "a", "next": {"name": "b"}}) == []
        assert kinds(described, name, {"name": "a", "next": {}}) == ["body_schema"]


def test_refs_to_ids_and_anchors_are_resolved() -> None:
    schemas = {
        "A": {"$id": "https://e.org/a.json", "properties": {"b": {"$ref": "b.json#it"}}},
        "B": {"$id": "https://e.org/b.json", "$defs": {"C": {"$anchor": "it", **TEXT}}},
    }
    paths = {"/x": {"get": {"responses": ok({"$ref": "https://e.org/a.json"})}}}
    described = document(paths, components={"schemas": schemas})
    assert kinds(described, "GET /x", {"b": "text"}) == []
    assert kinds(described, "GET /x", {"b": 1}) == ["body_schema"]


def test_unreadable_parts_are_reported_and_the_rest_is_loaded(tmp_path: Path) -> None:
    get = {"responses": ok(TEXT)}
    main = written(
        tmp_path,
        main_json={
            "openapi": "3.1.0",
            "paths": {
                "/gone": {"$ref": "gone.json"},
                "/circle": {"get": {"$ref": "#/paths/~1circle/get"}},
                "/word": {"get": "word", "post": get},
                "/nameless": {"get": {**get, "parameters": [{"in": "query"}]}},
                "/answer": {"get": {"responses": {"200": {"$ref": "#/components/responses/No"}}}},
                "/schema": {"get": {"responses": ok({"$ref": "#/components/schemas/No"})}},
            },
        },
    )
    described = Document.load(main)
    names = ["POST /word", "GET /nameless", "GET /answer", "GET /schema"]
    assert list(described.operations) == names
    problems = "\n".join(described.problems)
    for part in ("gone.json", "paths, /circle", "paths, /word", "/nameless", "GET /answer"):
        assert part in problems
    # Undocumented, so nothing can be violated.
    assert kinds(described, "GET /answer", {"any": 1}) == []
    assert kinds(described, "GET /schema", {"any": 1}) == []


def test_refs_inside_extensions_are_ignored() -> None:
    operation = {"responses": ok(TEXT), "x-integration": {"$ref": "nowhere.json#/x"}}
    raw: dict[str, Any] = {"openapi": "3.1.0", "x-gateway": [{"$ref": "gone.json"}]}
    raw |= {"paths": {"/x": {"get": operation}}}
    described = Document(raw)
    assert list(described.operations) == ["GET /x"]
    assert described.problems == []


def test_remote_document_cannot_refer_to_local_files() -> None:
    paths = {"/x": {"$ref": "file:///etc/hostname"}, "/y": {"get": {}}}
    raw = {"openapi": "3.1.0", "paths": paths}
    described = Document(raw, "http://127.0.0.1:1/openapi.json")
    assert list(described.operations) == ["GET /y"]
    assert "only files and http(s) URLs are followed" in described.problems[0]


SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Old", "version": "1"},
    "host": "example.org",
    "basePath": "/v1",
    "consumes": ["application/json"],
    "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    "security": [{"key": []}],
    "parameters": {"page": {"name": "page", "in": "query", "type": "integer", "default": 1}},
    "responses": {
        "Pet": {
            "description": "ok",
            "schema": {"$ref": "#/definitions/Pet"},
            "headers": {"X-Count": {"type": "integer"}},
        }
    },
    "definitions": {
        "Pet": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string", "x-nullable": True}},
        }
    },
    "paths": {
        "/pets": {
            "parameters": [{"$ref": "#/parameters/page"}],
            "get": {"operationId": "listPets", "responses": {"200": {"$ref": "#/responses/Pet"}}},
            "post": {
                "operationId": "addPet",
                "parameters": [
                    {
                        "name": "pet",
                        "in": "body",
                        "required": True,
                        "schema": {"$ref": "#/definitions/Pet"},
                    }
                ],
                "responses": {"201": {"description": "made"}},
            },
        },
        "/photos": {
            "post": {
                "operationId": "addPhoto",
                "parameters": [
                    {"name": "file", "in": "formData", "type": "file", "required": True},
                    {"name": "tags", "in": "formData", "type": "array", "items": TEXT},
                ],
                "responses": {"default": {"description": "any"}},
            }
        },
    },
}


def test_swagger_2_is_converted_to_openapi_3() -> None:
    described = Document(SWAGGER)
    operations = described.operations
    assert described.base_path == "/v1"
    assert operations["listPets"].requires_auth
    (page,) = operations["listPets"].parameters
    assert (page.name, page.location, page.has_default) == ("page", "query", True)
    assert kinds(described, "listPets", {"name": None}) == []
    assert kinds(described, "listPets", {"name": 1}) == ["body_schema"]
    count = Response(200, (*JSON, ("X-Count", "many")), b'{"name":"a"}')
    found = Conformance(described).check(operations["listPets"], count)
    assert [each.kind for each in found] == ["header_schema"]
    body = operations["addPet"].definition["requestBody"]
    assert body["required"]
    assert list(body["content"]) == ["application/json"]
    form = operations["addPhoto"].definition["requestBody"]["content"]["multipart/form-data"]
    assert form["schema"]["required"] == ["file"]
    assert form["schema"]["properties"]["file"] == {"type": "string", "format": "binary"}


def test_openapi_3_2_methods_are_operations() -> None:
    paths = {
        "/x": {
            "query": {"operationId": "search", "responses": ok(TEXT)},
            "additionalOperations": {"LINK": {"responses": {"204": {}}}},
        }
    }
    described = document(paths, "3.2.0")
    found = [(each.method, each.path) for each in described.operations.values()]
    assert found == [("QUERY", "/x"), ("LINK", "/x")]
    assert described.label("QUERY", "/x") == "search"


def test_operations_with_the_same_operation_id_are_both_kept() -> None:
    get = {"operationId": "get", "responses": ok(TEXT)}
    paths = {"/a": {"get": get}, "/b": {"get": get}, "/c": {"get": {**get, "operationId": "c"}}}
    assert list(document(paths).operations) == ["GET /a", "GET /b", "c"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/answers/1", "plain"),
        ("/answers/1?other=1", "plain"),
        ("/answers/1?full=true", "full"),
        ("/answers/1?a=b&full=true", "full"),
        ("/answers/{id}?full=true", "full"),
        ("/answers/{id}", "plain"),
    ],
)
def test_path_may_require_a_query(path: str, name: str) -> None:
    get = {"responses": ok(TEXT)}
    paths = {
        "/answers/{id}": {"get": {**get, "operationId": "plain"}, "delete": get},
        "/answers/{id}?full=true": {"get": {**get, "operationId": "full"}},
    }
    described = document(paths)
    assert described.label("GET", path) == name
    assert described.label("DELETE", "/answers/1?full=true") == "DELETE /answers/{id}"


def test_paths_that_differ_only_in_parameter_names_are_merged() -> None:
    paths = {
        "/users/{id}": {"get": {"operationId": "byId", "responses": ok({"type": "integer"})}},
        "/users/{name}": {
            "get": {"operationId": "byName", "responses": ok(TEXT)},
            "put": {"operationId": "put", "responses": ok(TEXT)},
        },
    }
    described = document(paths)
    assert described.label("PUT", "/users/1") == "put"
    # A request may be for either of the two, so both responses conform.
    assert kinds(described, "byId", 1) == kinds(described, "byId", "a") == []
    assert kinds(described, "byId", []) == ["body_schema"]


def test_deep_and_recursive_schemas_are_supported() -> None:
    schemas: dict[str, Any] = {
        f"N{at}": {
            "type": "object",
            "properties": {
                "next": {"$ref": f"#/components/schemas/N{(at + 1) % 800}"},
                "one": {
                    "oneOf": [
                        {"$ref": f"#/components/schemas/N{(at * 7) % 800}"},
                        {"$ref": f"#/components/schemas/N{(at * 3 + 1) % 800}"},
                    ]
                },
            },
        }
        for at in range(800)
    }
    paths = {"/x": {"get": {"responses": ok({"$ref": "#/components/schemas/N0"})}}}
    described = document(paths, components={"schemas": schemas})
    shape = described.shape_of(described.operations["GET /x"], 200, "application/json")
    assert shape is not None
    assert not shape.has("id")
    assert kinds(described, "GET /x", {"next": {"next": {}}}) == []


@pytest.mark.parametrize("word", ["oneOf", "anyOf", "allOf"])
def test_annotations_are_merged_from_recursive_schemas(word: str) -> None:
    def part(name: str, kind: str) -> dict[str, Any]:
        own = {"$ref": f"#/components/schemas/{name}"}
        members = {"child": own, kind: {"type": "string", "x-generated": kind}}
        return {"type": "object", "properties": members}

    both = [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]
    schemas = {"A": part("A", "id"), "B": part("B", "token")}
    paths = {"/x": {"get": {"responses": ok({word: both})}}}
    described = document(paths, components={"schemas": schemas})
    shape = described.shape_of(described.operations["GET /x"], 200, "application/json")
    assert shape is not None
    body = {"child": {"child": {"id": "1", "token": "2"}}}
    found = [(each.kind, each.path) for each in shape.generated(body)]
    assert found == [("id", ("child", "child", "id")), ("token", ("child", "child", "token"))]


def test_unreadable_file_is_reported_in_one_line(tmp_path: Path) -> None:
    missing, broken = tmp_path / "missing.yaml", tmp_path / "broken.yaml"
    broken.write_text("openapi: 3.0.0\npaths: [\n")
    with pytest.raises(OSError, match=f"no such file: {missing}"):
        load_data(missing)
    with pytest.raises(OSError, match="cannot be read: is a directory"):
        load_data(tmp_path)
    with pytest.raises(ValueError, match=f"{broken}: .* line 3") as error:
        load_data(broken)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n"
            "  /a: {get: {responses: {}}}\n  /b: {get: {responses: {}}}\n"
            "  /a: {post: {responses: {}}}\n",
            "the key '/a' is repeated in line 6: its values are merged",
        ),
        (
            '{"openapi": "3.1.0", "info": {"title": "t"}, "paths": {"/a": {"get": {}},'
            ' "/b": {"get": {}}, "/a": {"post": {}}}}',
            "the key '/a' is repeated: its values are merged",
        ),
    ],
)
def test_operations_below_a_repeated_path_are_all_kept(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = tmp_path / "document.yaml"
    path.write_text(text)
    found = Document.load(path)
    assert set(found.operations) == {"GET /a", "POST /a", "GET /b"}
    assert found.problems == [sentence]


def test_repeated_key_is_not_confused_with_an_overridden_merge_key() -> None:
    text = "a: &a {x: {p: 1}, y: 1}\nb: {<<: *a, x: {q: 2}}\nc: {x: 1, x: 2}"
    assert load_yaml(text) == {
        "a": {"x": {"p": 1}, "y": 1},
        "b": {"x": {"q": 2}, "y": 1},
        "c": {"x": 2},
    }


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/a b/é", "/a%20b/%C3%A9"),
        ("/a%20b/{naïve id}", "/a%20b/{naïve id}"),
        ("/Things({key})/$value;v=1", "/Things({key})/$value;v=1"),
        ('/a|b"c', "/a%7Cb%22c"),
    ],
)
def test_paths_are_percent_encoded(path: str, sent: str) -> None:
    found = document({path: {"get": {"responses": {}}}})
    (operation,) = found.operations.values()
    assert operation.target == sent
    assert found.find("GET", sent.replace("{key}", "1").replace("{naïve id}", "1")) is operation


def test_parameters_of_a_path_follow_from_its_template() -> None:
    own = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    gone = {"name": "gone", "in": "path", "required": True, "schema": TEXT}
    item = {"parameters": [own], "get": {"parameters": [gone], "responses": {}}}
    found = document({"/a/{id}/b/{name}": item})
    (operation,) = found.operations.values()
    assert [(each.name, each.required) for each in operation.parameters] == [
        ("id", True),
        ("name", True),
    ]
    assert found.problems == ["the path of GET /a/{id}/b/{name} has no parameter {gone}"]


def test_parameter_without_a_schema_may_have_any_value() -> None:
    found = document({"/a": {"get": {"parameters": [{"name": "q", "in": "query"}]}}})
    assert not found.problems
    assert found.raw["paths"]["/a"]["get"]["parameters"] == [
        {"name": "q", "in": "query", "schema": {}}
    ]


def test_media_types_may_be_references_in_openapi_3_2() -> None:
    content = {"application/json": {"$ref": "#/components/mediaTypes/M"}}
    found = document(
        {
            "/a": {
                "post": {
                    "requestBody": {"$ref": "#/components/requestBodies/B"},
                    "responses": {"200": {"description": "ok", "content": content}},
                }
            }
        },
        "3.2.0",
        components={
            "mediaTypes": {"M": {"schema": TEXT}},
            "requestBodies": {"B": {"content": content}},
        },
    )
    (operation,) = found.operations.values()
    assert operation.responses["200"].media_types == {"application/json": {"schema": TEXT}}
    body = found.resolve(operation.definition["requestBody"])
    assert body["content"] == {"application/json": {"schema": TEXT}}


LAUGHS = "".join(f"x-{at}: &{at} [{', '.join(['*' + str(at - 1)] * 10)}]\n" for at in range(2, 9))


def test_aliases_that_expand_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "document.yaml"
    head = "openapi: 3.1.0\ninfo: {title: t}\npaths: {}\nx-1: &1 [a, a, a, a, a, a, a, a]\n"
    path.write_text(head + LAUGHS)
    with pytest.raises(ValueError, match="its aliases expand to more than 5,000,000 values"):
        Document.load(path)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_need_no_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "document.json"
    path.write_text('{"openapi": "3.1.0", "info": {"title": "ä"}, "paths": {}}', encoding=encoding)
    assert Document.load(path).title == "ä"


def test_tags_of_other_tools_are_ignored() -> None:
    text = "{a: !Sub '${B}', b: !GetAtt [C, Arn], c: !If {d: 1}, e: !!python/name:os.system f}"
    assert load_yaml(text) == {"a": "${B}", "b": ["C", "Arn"], "c": {"d": 1}, "e": "f"}


def test_empty_requirements_and_servers_are_ignored() -> None:
    found = document(
        {"/a": {"get": {"security": [None, {"k": []}], "servers": [None], "responses": {}}}},
        security=[None],
        servers=[None, {"url": "/v1"}],
    )
    (operation,) = found.operations.values()
    assert not found.problems
    assert operation.requires_auth


def test_repeated_names_and_nan_do_not_spoil_a_schema() -> None:
    schema = {"type": ["object", "object"], "required": ["a", "a"], "maxProperties": float("nan")}
    found = document({"/x": {"get": {"operationId": "x", "responses": ok(schema)}}})
    assert kinds(found, "x", {}) == ["body_schema"]
    assert kinds(found, "x", {"a": 1}) == []
