"""XML is validated against schemas with the hints of their XML Objects."""

from __future__ import annotations

from typing import Any

import pytest

from lockstep.bodies.xml import parse_xml
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.transport.messages import Response

TEXT = {"type": "string"}
NUMBER = {"type": "integer", "minimum": 1}
TAG = {"type": "object", "required": ["id"], "properties": {"id": NUMBER}, "xml": {"name": "Tag"}}


def pet(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object whose properties are all required, and no others allowed."""
    return {
        "type": "object",
        "xml": {"name": "pet"},
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def found(schema: Any, text: str, version: str = "3.1.0") -> list[str]:
    """The places of the violations in a response of XML."""
    response = {"description": "ok", "content": {"application/xml": {"schema": schema}}}
    document = Document(
        {
            "openapi": version,
            "paths": {"/x": {"get": {"operationId": "x", "responses": {"200": response}}}},
            "components": {"schemas": {"Tag": TAG}},
        }
    )
    answer = Response(200, (("Content-Type", "application/xml"),), text.encode())
    violations = Conformance(document).check(document.operations["x"], answer)
    return [each.where.removeprefix("body ") for each in violations]


@pytest.mark.parametrize(
    ("schema", "valid", "invalid", "where"),
    [
        (pet(id=NUMBER), "<pet><id>07</id></pet>", "<pet><id>x</id></pet>", "/id type"),
        (pet(id=NUMBER), "<pet><id> 1 </id></pet>", "<pet><id>0</id></pet>", "/id minimum"),
        (pet(id=NUMBER), "<pet><id>1</id></pet>", "<pet/>", " required"),
        (pet(id=NUMBER), "<pet><id>1</id></pet>", "<cat><id>1</id></cat>", " xml"),
        (
            pet(id=NUMBER),
            "<pet><id>1</id></pet>",
            "<pet><id>1</id><a>1</a></pet>",
            " additionalProperties",
        ),
        (
            pet(id=NUMBER | {"xml": {"attribute": True, "name": "no"}}),
            '<pet no="1"/>',
            '<pet no="a"/>',
            "/id type",
        ),
        (
            pet(id=NUMBER | {"xml": {"attribute": True}}),
            '<pet id="1"/>',
            "<pet><id>1</id></pet>",
            " required",
        ),
        (
            pet(id=NUMBER | {"xml": {"name": "no"}}),
            "<pet><no>1</no></pet>",
            "<pet><id>1</id></pet>",
            " required",
        ),
        (
            pet(id=NUMBER | {"xml": {"namespace": "urn:a", "prefix": "a"}}),
            '<pet xmlns:b="urn:a"><b:id>1</b:id></pet>',
            '<pet xmlns:a="urn:b"><a:id>1</a:id></pet>',
            "/id xml",
        ),
        (
            pet(ok={"type": "boolean"}),
            "<pet><ok>1</ok></pet>",
            "<pet><ok>yes</ok></pet>",
            "/ok type",
        ),
        (
            pet(name=TEXT),
            "<pet><name>1</name></pet>",
            "<pet><name><first>1</first></name></pet>",
            "/name type",
        ),
        (
            pet(name=TEXT),
            "<pet><name/></pet>",
            "<pet><name>a</name><name>b</name></pet>",
            "/name type",
        ),
        (
            pet(tags={"type": "array", "items": NUMBER, "minItems": 1}),
            "<pet><tags>1</tags><tags>2</tags></pet>",
            "<pet/>",
            "/tags minItems",
        ),
        (
            pet(tags={"type": "array", "items": NUMBER | {"xml": {"name": "tag"}}}),
            "<pet><tag>1</tag><tag>2</tag></pet>",
            "<pet><tag>1</tag><tag>b</tag></pet>",
            "/tags/* type",
        ),
        (
            pet(tags={"type": "array", "items": NUMBER, "xml": {"wrapped": True}}),
            "<pet><tags><tags>1</tags></tags></pet>",
            "<pet><tags><tags>b</tags></tags></pet>",
            "/tags/* type",
        ),
        (
            pet(tags={"type": "array", "items": {"$ref": "#/components/schemas/Tag"}}),
            "<pet><Tag><id>1</id></Tag></pet>",
            "<pet><Tag><id/></Tag></pet>",
            "/tags/*/id type",
        ),
        (
            {"allOf": [pet(id=NUMBER) | {"additionalProperties": True}, {"required": ["name"]}]},
            "<pet><id>1</id><name/></pet>",
            "<pet><id>1</id></pet>",
            " required",
        ),
        (
            {"type": "array", "items": {"$ref": "#/components/schemas/Tag"}},
            "<Tags><Tag><id>1</id></Tag></Tags>",
            "<Tags><Tag/></Tags>",
            "/* required",
        ),
        (
            pet(kind={"enum": ["a", "b"]}),
            "<pet><kind>a</kind></pet>",
            "<pet><kind>c</kind></pet>",
            "/kind enum",
        ),
        (
            pet(id={"type": ["integer", "null"]}),
            '<pet xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><id xsi:nil="true"/></pet>',
            "<pet><id>a</id></pet>",
            "/id type",
        ),
        (
            {"type": "object", "additionalProperties": NUMBER},
            "<counts><a>1</a><b>2</b></counts>",
            "<counts><a>1</a><b>x</b></counts>",
            "/b type",
        ),
    ],
)
def test_xml_is_validated_as_the_value_that_the_schema_describes(
    schema: Any, valid: str, invalid: str, where: str
) -> None:
    assert found(schema, valid) == []
    root = parse_xml(invalid.encode()).name
    assert found(schema, invalid) == [f"/{root}{where}"]


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (TEXT, "<anything/>"),
        ({}, "<anything/>"),
        (pet(id=NUMBER), '<pet unit="m">5</pet>'),
        (pet(id=NUMBER), "<pet>a <b>mixed</b> text</pet>"),
        (pet(price={"type": "number"}), "<pet><price>INF</price></pet>".replace("INF", "1e999")),
        (pet(any={}), "<pet><any>1</any></pet>"),
        (pet(id=NUMBER), '<pet xmlns:o="urn:o"><id>1</id><o:more/></pet>'),
        (pet(either={"oneOf": [{"type": "array"}, TEXT]}), "<pet><either/></pet>"),
        (pet(id=NUMBER | {"xml": {"nodeType": "none"}}), "<pet/>"),
    ],
)
def test_nothing_is_said_where_the_schema_does_not_determine_the_value(
    schema: Any, text: str
) -> None:
    assert found(schema, text) == []


def test_a_document_of_an_older_version_may_have_null_and_references() -> None:
    schema = pet(
        name={"type": "string", "nullable": True, "minLength": 1},
        tag={"$ref": "#/components/schemas/Tag"},
    )
    good = "<pet><name/><tag><id>1</id></tag></pet>"
    assert found(schema, good, version="3.0.3") == []
    assert found(schema, good.replace("1", "-1"), version="3.0.3") == ["/pet/tag/id minimum"]
