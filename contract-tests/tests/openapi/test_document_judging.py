"""Conformance of responses: media types, headers, streams, invalid schemas."""

from __future__ import annotations

from typing import Any

import pytest

from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.openapi.patterns import readable
from lockstep.transport.messages import Response

TEXT = {"type": "string"}


def described(
    response: Any, method: str = "get", version: str = "3.1.0", **schemas: Any
) -> tuple[Conformance, Document]:
    """A document of one operation, `/x`, with one response."""
    document = Document(
        {
            "openapi": version,
            "info": {"title": "t", "version": "1"},
            "paths": {"/x": {method: {"operationId": "x", "responses": {"2XX": response}}}},
            "components": {"schemas": schemas},
        }
    )
    return Conformance(document), document


def judged(response: Any, answer: Response, **more: Any) -> list[str]:
    """The kinds of violation in a response."""
    conformance, document = described(response, **more)
    return [each.kind for each in conformance.check(document.operations["x"], answer)]


def body(schema: Any, media_type: str = "application/json") -> Any:
    """A documented response with a schema."""
    return {"description": "ok", "content": {media_type: {"schema": schema}}}


def typed(media_type: str, data: bytes = b'"a"') -> Response:
    """A received response with a media type."""
    return Response(200, (("Content-Type", media_type),), data)


@pytest.mark.parametrize(
    ("documented", "sent", "fits"),
    [
        ("*/*", "application/json", True),
        ("application/*", "application/json", True),
        ("image/*", "application/json", False),
        ("application/json; charset=utf-8", "application/json", True),
        ("application/json", "application/json;charset=UTF-8", True),
        ("Application/JSON", "application/json", True),
        ("application/*+json", "application/problem+json", True),
        ("application/*+json", "application/json", False),
        ("application/json", "application/problem+json", False),
    ],
)
def test_documented_media_type_may_be_a_range(documented: str, sent: str, fits: bool) -> None:
    found = judged(body(TEXT, documented), typed(sent))
    assert found == ([] if fits else ["undocumented_media_type"])
    if fits:
        assert judged(body(TEXT, documented), typed(sent, b"1")) == ["body_schema"]


def test_most_specific_media_type_range_applies() -> None:
    content = {
        "*/*": {"schema": {"type": "null"}},
        "application/*": {"schema": {"type": "boolean"}},
        "application/*+json": {"schema": {"type": "array"}},
        "application/json;version=1": {"schema": {"type": "integer"}},
        "application/json;version=2": {"schema": TEXT},
    }
    response = {"description": "ok", "content": content}
    for sent, data in (
        ("application/json; version=1", b"1"),
        ("application/json; version=2", b'"a"'),
        ("application/hal+json", b"[]"),
        ("application/x-json", b"true"),
        ("text/json", b"null"),
    ):
        assert judged(response, typed(sent, data)) == []
        assert judged(response, typed(sent, b"{}")) == ["body_schema"]


def test_body_of_a_head_response_is_not_checked() -> None:
    assert judged(body(TEXT), typed("application/json", b""), method="head") == []
    assert judged(body(TEXT), Response(200), method="head") == []
    assert judged(body(TEXT), Response(204)) == []


MIXED = {"n": {"type": "integer"}, "t": {"type": "string"}}


@pytest.mark.parametrize(
    ("header", "value", "fits"),
    [
        ({"schema": {"type": "array", "items": {"type": "integer"}}}, "1, 2,3", True),
        ({"schema": {"type": "array", "items": {"type": "integer"}}}, "1,b", False),
        ({"schema": {"type": "array", "items": TEXT, "maxItems": 1}}, "1,2", False),
        ({"schema": {"type": "object", "required": ["a"]}}, "a,1,b,2", True),
        ({"schema": {"type": "object", "required": ["a"]}}, "b,1", False),
        ({"explode": True, "schema": {"type": "object", "required": ["a"]}}, "a=1,b=2", True),
        ({"explode": True, "schema": {"type": "object", "required": ["a"]}}, "a,1,b,2", False),
        ({"schema": {"type": "object"}}, "a,1,b", False),
        ({"schema": {"type": "object", "properties": MIXED}}, "n,3,t,007", True),
        ({"schema": {"type": "object", "properties": MIXED}}, "n,3,t,7", True),
        ({"schema": {"type": "object", "properties": MIXED}}, "n,x,t,7", False),
        ({"schema": {"type": "object", "properties": MIXED}}, '{"n":3}', False),
        ({"schema": {"type": "array", "items": {"type": "integer"}}}, "[1,2]", False),
        ({"schema": {"type": "array", "items": TEXT}}, "", True),
        ({"schema": {"items": {"enum": ["a", "b"]}}}, "a,b", True),
        ({"schema": {"items": {"enum": ["a", "b"]}, "type": ["array", "null"]}}, "a,c", False),
        ({"schema": {"$ref": "#/components/schemas/Numbers"}}, "1,2", True),
        ({"content": {"application/json": {"schema": {"type": "object"}}}}, '{"a":1}', True),
        ({"content": {"application/json": {"schema": {"type": "object"}}}}, "1", False),
    ],
)
def test_header_values_are_parsed_as_arrays_and_objects(
    header: Any, value: str, fits: bool
) -> None:
    response = {"description": "ok", "headers": {"X-It": header}}
    numbers = {"type": "array", "items": {"type": "integer"}}
    found = judged(response, Response(200, (("X-It", value),)), Numbers=numbers)
    assert found == ([] if fits else ["header_schema"])


def test_repeated_header_lines_are_checked_as_one_array() -> None:
    schema = {"type": "array", "items": {"type": "integer"}, "minItems": 2}
    response = {"description": "ok", "headers": {"X-It": {"schema": schema}}}
    lines = ("X-It", "1"), ("X-It", "2")
    assert judged(response, Response(200, lines)) == []
    assert judged(response, Response(200, lines[:1])) == ["header_schema"]


@pytest.mark.parametrize(
    ("data", "fits"),
    [
        ('event: add\ndata: {"n": 1}\n\n', True),
        ('event: add\ndata: {"n": "1"}\n\n', False),
        ("event: add\ndata: nonsense\n\n", False),
        ("event: say\ndata: nonsense\n\n", True),
        ('event: add\ndata: {"n":\ndata: 1}\n\n', True),
        ('event: other\ndata: {"n": 1}\n\n', False),
    ],
)
def test_event_stream_data_is_checked_with_its_content_schema(data: str, fits: bool) -> None:
    content = {"contentMediaType": "application/json", "contentSchema": ref("Point")}
    item = {
        "required": ["event", "data"],
        "oneOf": [
            {"properties": {"event": {"const": "say"}}},
            {"properties": {"event": {"const": "add"}, "data": content}},
        ],
    }
    response = {"description": "ok", "content": {"text/event-stream": {"itemSchema": item}}}
    point = {"type": "object", "properties": {"n": {"type": "integer"}}}
    answer = typed("text/event-stream", data.encode())
    found = judged(response, answer, version="3.2.0", Point=point)
    assert found == ([] if fits else ["body_schema"])


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize(
    ("schema", "data", "fits"),
    [
        ({"type": "object", "required": ["a"]}, b'{"a":1}\n{"a":2}\n', True),
        ({"type": "object", "required": ["a"]}, b'{"a":1}\n{}\n', False),
        ({"type": "array", "items": {"required": ["a"]}}, b'{"a":1}\n{"a":2}', True),
        ({"type": "array", "items": {"required": ["a"]}}, b'{"a":1}\n{"b":2}', False),
        ({"type": "array", "maxItems": 1}, b"1\n2\n", False),
        ({"type": "object"}, b"{\n", False),
    ],
)
def test_ndjson_schema_may_describe_one_line_or_all_lines(
    schema: Any, data: bytes, fits: bool
) -> None:
    found = judged(body(schema, "application/x-ndjson"), typed("application/x-ndjson", data))
    assert (found == []) is fits


def test_incomplete_last_item_of_a_cut_stream_is_not_checked() -> None:
    item = {"type": "object", "required": ["a"]}
    response = {"description": "ok", "content": {"application/jsonl": {"itemSchema": item}}}
    cut = Response(200, (("Content-Type", "application/jsonl"),), b'{"a":1}\n{"a', cut=True)
    assert judged(response, cut, version="3.2.0") == []


def test_malformed_xml_is_an_unreadable_body() -> None:
    response = body({"type": "object"}, "application/xml")
    assert judged(response, typed("application/xml", b"<a/>")) == []
    assert judged(response, typed("application/xml", b"<a>")) == ["unreadable_body"]


@pytest.mark.parametrize(
    ("media_type", "good", "bad"),
    [
        ("application/jsonl", b'{"data":"a"}\n{"data":"b"}\n', b'{"data":"a"}\n{"data":1}\n'),
        ("application/x-ndjson", b'{"data":"a"}', b'{"data":"a"}\n[]'),
        ("application/json-seq", b'\x1e{"data":"a"}\n', b'\x1e{"data":"a"}\n\x1e{}\n'),
        (
            "text/event-stream",
            b":hi\n\ndata: a\ndata: b\nid: 1\n\n",
            b"event: x\ndata: toolong\n\n",
        ),
    ],
)
def test_stream_items_are_checked_with_item_schema(
    media_type: str, good: bytes, bad: bytes
) -> None:
    item = {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "string", "maxLength": 4}},
    }
    response = {"description": "ok", "content": {media_type: {"itemSchema": item}}}
    assert judged(response, typed(media_type, good), version="3.2.0") == []
    assert judged(response, typed(media_type, bad), version="3.2.0") == ["body_schema"]
    # A schema of the whole array does not apply to one line.
    assert judged(body({"type": "array"}, media_type), typed(media_type, good)) == []


@pytest.mark.parametrize(
    "member",
    [
        {"type": "string", "required": True},
        {"type": "any"},
        {"properties": ["a"]},
        {"properties": {"a": "string"}},
        {"enum": "a"},
        {"allOf": {}},
        {"items": "string"},
        {"minLength": "1"},
        {"minimum": "0"},
        {"pattern": "*"},
        {"patternProperties": {"*": {}}},
        {"$ref": "#/components/schemas/Gone"},
        {"$ref": "#/components/schemas/Circle"},
        {"$ref": "gone.json"},
    ],
)
@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_invalid_subschema_is_reported_and_the_rest_is_checked(member: Any, version: str) -> None:
    parts: dict[str, Any] = {
        "It": {"type": "object", "properties": {"a": member, "b": TEXT}},
        "Circle": {"$ref": "#/components/schemas/Circle"},
    }
    conformance, document = described(
        body({"$ref": "#/components/schemas/It"}), version=version, **parts
    )
    operation = document.operations["x"]
    assert conformance.check(operation, typed("application/json", b'{"a":"1","b":"2"}')) == []
    wrong = conformance.check(operation, typed("application/json", b'{"a":"1","b":2}'))
    assert [each.where for each in wrong] == ["body /b type"]
    unjudged = conformance.unjudged()
    place = "the schema at #/components/schemas/It/properties/a cannot be checked: "
    assert unjudged[0].startswith(place)
    assert unjudged[0].endswith(" (2 responses)")


def test_unreachable_invalid_schema_is_ignored() -> None:
    conformance, document = described(body(TEXT), Other={"type": "any", "pattern": "["})
    assert conformance.check(document.operations["x"], typed("application/json")) == []
    assert conformance.unjudged() == []


@pytest.mark.parametrize("name", ["default", "example", "enum", "const", "examples", "properties"])
def test_property_names_are_not_taken_for_schema_keywords(name: str) -> None:
    member = {"type": "string", "nullable": True}
    schema = {"type": "object", "properties": {name: member}, "required": [name]}
    text = f'{{"{name}":null}}'.encode()
    assert judged(body(schema), typed("application/json", text), version="3.0.3") == []
    for media_type in ("default", "example"):
        named = {"type": "object", "properties": {media_type: schema}}
        inner = f'{{"{media_type}":{text.decode()}}}'.encode()
        assert judged(body(named), typed("application/json", inner), version="3.0.3") == []


def test_response_may_be_documented_by_default() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "nullable": True}}}
    raw = {
        "openapi": "3.0.3",
        "paths": {"/x": {"get": {"operationId": "x", "responses": {"default": body(schema)}}}},
    }
    document = Document(raw)
    answer = typed("application/json", b'{"a":null}')
    assert Conformance(document).check(document.operations["x"], answer) == []


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"^\p{L}+$", "Größe", "1"),
        (r"^(?<first>a)\k<first>$", "aa", "ab"),
        (r"^(?P<year>\d{2})-(?P=year)$", "20-20", "20-21"),
        (r"^\d$", "1", "٣"),
        (r"^a++$", "aa", "b"),
        (r"^[\w-.]+$", "a-b.c", "a b"),
        (r"\Aab\Z", "ab", "abc"),
        (r"^[^]$", "\n", ""),
        (r"^\h*$", " \t", "a"),
        (r"/^a$/i", "A", "b"),
        (r"^{id}$", "{id}", "id"),
        (r"^\Qa.b\E$", "a.b", "axb"),
        (r"^[[:alpha:]_]+$", "a_b", "a1"),
        (r"^[^[:space:]\]]+$", "ab", "a b"),
        (r"^[:a]+$", "a:", "b"),
    ],
)
def test_patterns_of_other_regex_dialects_are_applied(pattern: str, good: str, bad: str) -> None:
    schema = {"type": "string", "pattern": pattern}
    conformance, document = described(body(schema))
    validator = conformance.validator(
        document.operations["x"].responses["2XX"].media_types["application/json"]["schema"]
    )
    assert validator.is_valid(good)
    assert not validator.is_valid(bad)


def test_unreadable_pattern_is_none() -> None:
    assert readable("*") is None
    assert readable("(?(1)a|b)") is None


def test_failing_validator_is_reported_and_does_not_abort(monkeypatch: pytest.MonkeyPatch) -> None:
    conformance, document = described(body(TEXT))

    def fail(_schema: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr(conformance, "validator", fail)
    assert conformance.check(document.operations["x"], typed("application/json")) == []
    expected = ["200 responses of GET /x cannot be checked: RuntimeError('broken') (1 response)"]
    assert conformance.unjudged() == expected


@pytest.mark.parametrize(
    "data",
    [b"", b'{"a": NaN}', b"[-Infinity]", b'\xef\xbb\xbf{"a": 1}', '"é"'.encode("latin-1")],
)
def test_what_rfc_8259_does_not_allow_is_an_unreadable_body(data: bytes) -> None:
    assert judged(body({}), typed("application/json", data)) == ["unreadable_body"]


@pytest.mark.parametrize("data", [b"[" * 5_000 + b"]" * 5_000, b"9" * 5_000])
def test_json_beyond_the_limits_of_the_parser_is_not_judged(data: bytes) -> None:
    conformance, document = described(body({"type": "string"}))
    found = conformance.check(document.operations["x"], typed("application/json", data))
    assert found == []
    (sentence,) = conformance.unjudged()
    assert sentence.startswith("200 responses of GET /x cannot be checked")


PET = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}}
PETS: dict[str, Any] = {
    "Pet": PET,
    "Cat": {
        "allOf": [
            {"$ref": "#/components/schemas/Pet"},
            {"properties": {"lives": {"type": "integer"}}},
        ]
    },
    "Dog": {
        "allOf": [
            {"$ref": "#/components/schemas/Pet"},
            {"properties": {"barks": {"type": "boolean"}}},
        ]
    },
}


@pytest.mark.parametrize("key", ["oneOf", "anyOf"])
@pytest.mark.parametrize(
    ("data", "fits"),
    [
        (b'{"kind": "cat", "lives": 9}', True),
        (b'{"kind": "Cat", "lives": 9}', True),
        (b'{"kind": "Dog", "barks": true, "lives": "many"}', True),
        (b'{"kind": "cat", "lives": "nine"}', False),
        (b'{"kind": "Dog", "barks": 1}', False),
        (b'{"lives": 9}', False),
    ],
)
def test_discriminator_selects_the_schema(key: str, data: bytes, fits: bool) -> None:
    branches = [{"$ref": f"#/components/schemas/{name}"} for name in ("Cat", "Dog")]
    discriminator = {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat"}}
    response = body({key: branches, "discriminator": discriminator})
    found = judged(response, typed("application/json", data), **PETS)
    assert (found == []) is fits


def test_discriminator_of_a_recursive_union_ends() -> None:
    union = {
        "oneOf": [{"$ref": "#/components/schemas/Leaf"}, {"$ref": "#/components/schemas/Branch"}],
        "discriminator": {"propertyName": "kind"},
    }
    leaf = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "Leaf"}}}
    branch = {
        "type": "object",
        "required": ["kind"],
        "properties": {
            "kind": {"const": "Branch"},
            "kids": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
        },
    }
    schemas = {"Node": union, "Leaf": leaf, "Branch": branch}
    response = body({"$ref": "#/components/schemas/Node"})
    data = b'{"kind": "Branch", "kids": [{"kind": "Leaf"}, {"kind": "Branch", "kids": [5]}]}'
    assert judged(response, typed("application/json", data), **schemas) == ["body_schema"]


SECRET = {"type": "string", "writeOnly": True}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"p": SECRET}, "required": ["p"]},
        {"properties": {"p": {"$ref": "#/components/schemas/Secret"}}, "required": ["p"]},
        {
            "properties": {"p": {"allOf": [{"$ref": "#/components/schemas/Secret"}]}},
            "required": ["p"],
        },
        {"allOf": [{"properties": {"p": SECRET}}, {"required": ["p"]}]},
        {"allOf": [{"$ref": "#/components/schemas/Base"}], "required": ["p"]},
    ],
)
def test_write_only_members_are_not_required_in_responses(schema: Any) -> None:
    more = {"Secret": SECRET, "Base": {"properties": {"p": SECRET}}}
    assert judged(body(schema), typed("application/json", b"{}"), **more) == []


def test_operation_without_documented_responses_has_no_undocumented_one() -> None:
    raw = {"openapi": "3.1.0", "paths": {"/x": {"get": {"operationId": "x"}}}}
    document = Document(raw)
    conformance = Conformance(document)
    assert conformance.check(document.operations["x"], Response(200, (), b"a")) == []
    assert [each.kind for each in conformance.check(document.operations["x"], Response(500))] == [
        "server_error"
    ]


def test_lone_surrogate_in_an_example_does_not_spoil_the_document() -> None:
    schema = {"$ref": "#/components/schemas/A"}
    component = {"type": "string", "example": "\ud800"}
    assert judged(body(schema), typed("application/json", b'"a"'), A=component) == []
    assert judged(body(schema), typed("application/json", b"1"), A=component) == ["body_schema"]


def test_schema_that_is_nested_too_deeply_is_reported() -> None:
    deep: Any = {"type": "string"}
    for _ in range(400):
        deep = {"type": "array", "items": deep}
    conformance, document = described(body({"$ref": "#/components/schemas/Deep"}), Deep=deep)
    assert conformance.check(document.operations["x"], typed("application/json", b"1")) == []
    assert conformance.unjudged()
