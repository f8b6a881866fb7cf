"""Comparison of two documents: what changed, and whether the change is breaking."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from fixtures.diffs import document, effects
from fixtures.notes_server import DOCUMENT

from lockstep.diff import Effect, compare
from lockstep.diff.report import together
from lockstep.openapi.loading import load_data
from lockstep.openapi.shapes import resolve

LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}}
ETAG = {"schema": {"type": "string"}}
ANSWER = {"description": "ok"}
CALLED = {"{$request.body#/url}": {"post": {"responses": {"200": ANSWER}}}}
KEY: dict[str, list[str]] = {"key": []}
TOKEN = {"token": ["read"]}
OPERATIONS: dict[str, tuple[dict[str, Any], dict[str, Any], set[str]]] = {
    "parameter gone": ({"parameters": [LIMIT]}, {}, {"breaking"}),
    "parameter new": ({}, {"parameters": [LIMIT]}, {"compatible"}),
    "parameter new and required": ({}, {"parameters": [LIMIT | {"required": True}]}, {"breaking"}),
    "parameter required": (
        {"parameters": [LIMIT]},
        {"parameters": [LIMIT | {"required": True}]},
        {"breaking"},
    ),
    "parameter of another kind": (
        {"parameters": [LIMIT]},
        {"parameters": [LIMIT | {"in": "header"}]},
        {"breaking", "compatible"},
    ),
    "parameter written otherwise": (
        {"parameters": [LIMIT | {"schema": {"type": "array"}}]},
        {"parameters": [LIMIT | {"schema": {"type": "array"}, "explode": False}]},
        {"breaking"},
    ),
    "parameter bound": (
        {"parameters": [LIMIT]},
        {"parameters": [LIMIT | {"schema": {"type": "integer", "maximum": 50}}]},
        {"breaking"},
    ),
    "case of a header": (
        {"parameters": [LIMIT | {"in": "header", "name": "If-Match"}]},
        {"parameters": [LIMIT | {"in": "header", "name": "if-match"}]},
        set(),
    ),
    "body new": ({}, {"requestBody": {"content": {}}}, {"compatible"}),
    "body new and required": ({}, {"requestBody": {"required": True}}, {"breaking"}),
    "body gone": ({"requestBody": {"content": {}}}, {}, {"breaking"}),
    "body required": ({"requestBody": {}}, {"requestBody": {"required": True}}, {"breaking"}),
    "body of another media type": (
        {"requestBody": {"content": {"text/plain": {}}}},
        {"requestBody": {"content": {"text/csv": {}}}},
        {"breaking", "compatible"},
    ),
    "success gone": (
        {"responses": {"200": ANSWER, "202": ANSWER}},
        {"responses": {"200": ANSWER}},
        {"breaking"},
    ),
    "success new": ({}, {"responses": {"200": {"description": "ok"}, "201": ANSWER}}, {"breaking"}),
    "error new": (
        {},
        {"responses": {"200": {"description": "ok"}, "404": ANSWER, "304": ANSWER}},
        {"compatible"},
    ),
    "header gone": (
        {"responses": {"200": ANSWER | {"headers": {"ETag": ETAG}}}},
        {"responses": {"200": ANSWER}},
        {"compatible"},
    ),
    "header gone that always came": (
        {"responses": {"200": ANSWER | {"headers": {"ETag": ETAG | {"required": True}}}}},
        {"responses": {"200": ANSWER}},
        {"breaking"},
    ),
    "header that may be missing now": (
        {"responses": {"200": ANSWER | {"headers": {"ETag": ETAG | {"required": True}}}}},
        {"responses": {"200": ANSWER | {"headers": {"etag": ETAG}}}},
        {"breaking"},
    ),
    "header with more values": (
        {"responses": {"200": ANSWER | {"headers": {"E": {"schema": {"enum": ["a"]}}}}}},
        {"responses": {"200": ANSWER | {"headers": {"E": {"schema": {"enum": ["a", "b"]}}}}}},
        {"breaking"},
    ),
    "log-in": ({}, {"security": [KEY]}, {"breaking"}),
    "no log-in": ({"security": [KEY]}, {"security": []}, {"compatible"}),
    "another way to log in": ({"security": [KEY]}, {"security": [KEY, TOKEN]}, {"compatible"}),
    "a way less": ({"security": [KEY, TOKEN]}, {"security": [KEY]}, {"breaking"}),
    "a scope more": (
        {"security": [TOKEN]},
        {"security": [{"token": ["read", "write"]}]},
        {"breaking"},
    ),
    "name": ({}, {"operationId": "sent"}, {"compatible"}),
    "summary": ({}, {"summary": "Send it."}, {"silent"}),
    "callback new": ({}, {"callbacks": {"done": CALLED}}, {"compatible"}),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_effect_of_operation_changes(name: str) -> None:
    old, new, expected = OPERATIONS[name]
    assert effects(document(**old), document(**new)) == expected


def test_added_and_removed_operations() -> None:
    none = document() | {"paths": {}}
    assert effects(none, document()) == {"compatible"}
    (gone,) = compare(document(), none)
    assert (gone.effect, gone.where, gone.sentence) == (Effect.BREAKING, ("send",), "was removed")
    assert gone.pointer == "/paths/~1x~1{id}/post"


def test_renamed_path_parameter_is_compatible() -> None:
    named = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    old, new = document(parameters=[named]), document(parameters=[named | {"name": "key"}])
    new["paths"] = {"/x/{key}": new["paths"]["/x/{id}"]}
    assert effects(old, new) == {"compatible"}


def test_changed_base_path_or_security_scheme_is_breaking() -> None:
    key = {"type": "apiKey", "in": "header", "name": "Key"}
    old = document() | {"components": {"securitySchemes": {"key": key}}}
    new = document() | {"components": {"securitySchemes": {"key": key | {"in": "query"}}}}
    assert effects(old, new) == {"breaking"}
    assert effects(document(), document() | {"servers": [{"url": "/v2"}]}) == {"breaking"}
    assert effects(document(), document() | {"servers": [{"url": "https://a.example/"}]}) == set()


def test_change_of_a_shared_schema_is_reported_once_with_all_places() -> None:
    def shared(longest: int) -> dict[str, Any]:
        reference = {"$ref": "#/components/schemas/Title"}
        made = document(reference, {"type": "array", "items": reference})
        title = {"type": "string", "maxLength": longest}
        return made | {"components": {"schemas": {"Title": title}}}

    changes = together(compare(shared(9), shared(5)))
    assert {(change.effect.value, tuple(places)) for change, places in changes.items()} == {
        ("breaking", ("send, request body, application/json",)),
        ("compatible", ("send, 200, application/json, items",)),
    }
    assert {change.pointer for change in changes} == {"/components/schemas/Title/maxLength"}


def test_document_compared_with_itself_has_no_changes() -> None:
    raw = load_data(DOCUMENT)
    assert compare(raw, copy.deepcopy(raw)) == []


def test_pointers_of_changes_resolve() -> None:
    old, new = load_data(DOCUMENT), load_data(DOCUMENT)
    for schema in new["components"]["schemas"].values():
        for member in schema.get("properties", {}).values():
            member.pop("maxLength", None)
            member["description"] = "changed"
    found = compare(old, new)
    assert found
    for change in found:
        where = old if "is not set" in change.sentence else new
        assert resolve(where, f"#{change.pointer}") is not None


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"swagger": "2.0"},
        document({"$ref": "#/nowhere"}),
        document(parameters=[{"in": "query"}]),
    ],
)
def test_unreadable_document_is_rejected(broken: Any) -> None:
    with pytest.raises(ValueError, match=r"document|reference"):
        compare(broken, broken)


@pytest.mark.parametrize("under", ["query", "additionalOperations"])
def test_query_and_additional_operations_are_compared(under: str) -> None:
    def described(schema: Any) -> dict[str, Any]:
        made = document(schema)
        ((path, item),) = made["paths"].items()
        operation = item["post"] if under == "query" else {"COPY": item["post"]}
        return made | {"openapi": "3.2.0", "paths": {path: {under: operation}}}

    long, short = described({"maxLength": 9}), described({"maxLength": 5})
    assert effects(long, short) == {"breaking"}
    assert effects(long, {**long, "paths": {}}) == {"breaking"}


def test_unresolvable_schema_is_skipped_and_reported() -> None:
    def described(required: list[str], size: int) -> dict[str, Any]:
        properties = {"gone": {"$ref": "#/nowhere"}, "a": {"type": "string", "maxLength": size}}
        return document({"type": "object", "required": required, "properties": properties})

    unread: list[str] = []
    found = compare(described([], 9), described(["a"], 5), unread=unread)
    assert {change.sentence for change in found} == {"is required", "maxLength was 9, is 5"}
    (named,) = unread
    assert named.endswith("/properties/gone: unresolvable reference: #/nowhere")


def test_unreadable_operation_is_skipped_and_reported() -> None:
    def described(size: int) -> dict[str, Any]:
        made = document({"maxLength": size})
        broken = {"operationId": "broken", "parameters": [{"$ref": "#/nowhere"}], "responses": {}}
        return made | {"paths": {**made["paths"], "/broken": {"get": broken}}}

    unread: list[str] = []
    (change,) = compare(described(9), described(5), unread=unread)
    assert change.sentence == "maxLength was 9, is 5"
    assert unread == ["broken: unresolvable reference: #/nowhere"]


def test_refs_inside_extensions_are_ignored() -> None:
    old = document({"x-own": {"$ref": "elsewhere.json"}}) | {"x-top": {"$ref": "other.json"}}
    assert effects(old, document({})) == {"silent"}
