"""Members refer to resources by the schemas of their identifiers."""

from __future__ import annotations

from typing import Any

from fixtures.scripted import plain_document

from lockstep.openapi.document import Document


def component(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def posts(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "post": {
            "requestBody": {"content": {"application/json": {"schema": schema}}},
            "responses": {"201": {"description": ""}},
        }
    }


SCHEMAS = {
    "Sku": {"type": "string"},
    "PlaceCode": {"type": "string"},
    "Id": {"type": "string", "format": "uuid"},
    "Place": {"type": "object", "properties": {"code": component("PlaceCode")}},
    "Order": {"type": "object", "properties": {"id": component("Id")}},
    "Move": {
        "type": "object",
        "properties": {
            "id": component("Id"),
            "sku": component("Sku"),
            "from": component("PlaceCode"),
            "reason": {"type": "string"},
        },
    },
}
PATHS: dict[str, Any] = {
    "/products/{sku}": {
        "parameters": [{"name": "sku", "in": "path", "required": True, "schema": component("Sku")}],
        "get": {"responses": {"200": {"description": ""}}},
    },
    "/places": posts(component("Place")),
    "/orders": posts(
        {
            "properties": {
                "lines": {"type": "array", "items": {"properties": {"sku": component("Sku")}}}
            }
        }
    ),
    "/moves": posts({"oneOf": [component("Move"), {"properties": {"to": component("PlaceCode")}}]}),
}


def test_members_are_told_by_the_schema_of_a_path_parameter_or_of_a_key() -> None:
    document = Document({**plain_document(**PATHS), "components": {"schemas": SCHEMAS}})
    place = document.families.of("place"), "code"

    found = document.identifier_members

    assert found["move", "sku"] == found["line", "sku"] == ("product", "sku")
    assert found["move", "from"] == found["move", "to"] == place
    # The schema of all ids tells nothing.
    assert not {("move", "id"), ("move", "reason")} & found.keys()


def test_schemas_that_contain_each_other_are_read_once() -> None:
    names = [f"Part{number}" for number in range(30)]
    every = {name.lower(): component(name) for name in names}
    schemas = {name: {"type": "object", "properties": every} for name in names}
    paths = {"/parts": posts(component("Part0"))}
    document = Document({**plain_document(**paths), "components": {"schemas": schemas}})
    assert document.identifier_members == {}
