"""What a change of a schema does to those who send values, and to those who receive them."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.diffs import document, effects

from lockstep.diff import compare

ITEM = {"type": "object", "properties": {"a": {"type": "string"}}}
CLOSED = ITEM | {"additionalProperties": False}
WITH_B = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
CAT = {"type": "object", "properties": {"kind": {"const": "cat"}}}
DOG = {"type": "object", "properties": {"kind": {"const": "dog"}, "tail": {"type": "integer"}}}

# What the newer schema does to the set of values: a request breaks when that is narrower, a
# response when it is wider.
SCHEMAS: dict[str, tuple[Any, Any, str, str]] = {
    "minLength": ({"minLength": 1}, {"minLength": 2}, "narrower", "minLength was 1, is 2"),
    "minLength of nothing": ({}, {"minLength": 0}, "same", ""),
    "maxLength": ({"maxLength": 9}, {"maxLength": 5}, "narrower", "maxLength was 9, is 5"),
    "maxLength at all": ({}, {"maxLength": 5}, "narrower", "maxLength is 5, there was none"),
    "minimum": ({"minimum": 1}, {"minimum": 1.5}, "narrower", "minimum was 1, is 1.5"),
    "maximum": ({"exclusiveMaximum": 9}, {}, "wider", "exclusiveMaximum was 9, there is none"),
    "maxItems": ({"maxItems": 9}, {"maxItems": 5}, "narrower", "maxItems was 9, is 5"),
    "minProperties": ({}, {"minProperties": 1}, "narrower", "minProperties is 1, there was none"),
    "pattern": ({}, {"pattern": "^a"}, "narrower", 'pattern is "^a", there was none'),
    "another pattern": ({"pattern": "^a"}, {"pattern": "^b"}, "other", 'pattern was "^a", is "^b"'),
    "format": ({"format": "uuid"}, {}, "wider", 'format was "uuid", there is none'),
    "multipleOf": ({"multipleOf": 2}, {"multipleOf": 4}, "narrower", "multipleOf was 2, is 4"),
    "coarser": ({"multipleOf": 4}, {"multipleOf": 2}, "wider", "multipleOf was 4, is 2"),
    "uniqueItems": ({}, {"uniqueItems": True}, "narrower", "items must be unique"),
    "enum value gone": ({"enum": ["a", "b"]}, {"enum": ["a"]}, "narrower", '"b" is gone'),
    "enum value new": ({"enum": ["a"]}, {"enum": ["a", "b"]}, "wider", '"b" is new'),
    "enum at all": ({}, {"enum": ["a"]}, "narrower", 'only "a"'),
    "const for enum": ({"enum": ["a"]}, {"const": "a"}, "same", ""),
    "nullable": ({"type": "string"}, {"type": ["string", "null"]}, "wider", "null is new"),
    "null in an enum": (
        {"type": "string", "enum": ["a"]},
        {"type": ["string", "null"], "enum": ["a", None]},
        "wider",
        "null is new",
    ),
    "nullable in two ways": (
        {"type": ["string", "null"], "maxLength": 5},
        {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]},
        "same",
        "",
    ),
    "nullable enum in two ways": (
        {"type": ["string", "null"], "enum": ["a", None]},
        {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]},
        "same",
        "",
    ),
    "type": ({"type": "string"}, {"type": "integer"}, "other", "the type was string, is integer"),
    "integer": ({"type": "number"}, {"type": "integer"}, "narrower", "was number, is integer"),
    "type at all": ({}, {"type": "string"}, "narrower", "the type was anything, is string"),
    "branch gone": ({"oneOf": [CAT, DOG]}, {"oneOf": [DOG]}, "narrower", "object is gone"),
    "branch new": ({"anyOf": [DOG]}, {"anyOf": [CAT, DOG]}, "wider", "object is new"),
    "branches in another order": ({"oneOf": [CAT, DOG]}, {"oneOf": [DOG, CAT]}, "same", ""),
    "allOf for members": ({"allOf": [ITEM]}, ITEM, "same", ""),
    "tighter bound of two": (
        {"maxLength": 9, "allOf": [{"maxLength": 5}]},
        {"maxLength": 5},
        "same",
        "",
    ),
    "a second pattern": (
        {"pattern": "^a"},
        {"pattern": "^a", "allOf": [{"pattern": "b$"}]},
        "other",
        "allOf changed",
    ),
    "items of another schema": (
        {"prefixItems": [{}], "allOf": [{"items": {"type": "string"}}]},
        {"prefixItems": [{}]},
        "other",
        "allOf changed",
    ),
    "required by allOf": (
        ITEM | {"allOf": [{"required": ["a"]}]},
        ITEM | {"required": ["a"]},
        "same",
        "",
    ),
    "inside items": ({"items": {}}, {"items": {"maxLength": 5}}, "narrower", "maxLength is 5"),
    "inside prefixItems": (
        {"prefixItems": [{}, {"type": "string"}]},
        {"prefixItems": [{}, {}]},
        "wider",
        "the type was string, is anything",
    ),
    "inside other members": (
        {"additionalProperties": {"type": "string"}},
        {"additionalProperties": {"type": ["string", "null"]}},
        "wider",
        "null is new",
    ),
    "names of members": (
        {"propertyNames": {"maxLength": 5}},
        {"propertyNames": {"maxLength": 9}},
        "wider",
        "maxLength was 5, is 9",
    ),
    "required": (ITEM, ITEM | {"required": ["a"]}, "narrower", "is required"),
    "not": ({"not": {"const": 1}}, {"not": {"const": 2}}, "other", "not changed"),
    "false": (True, False, "narrower", "anything is gone"),
}
# What has rules of its own on each side: the effects in a request and in a response.
MEMBERS: dict[str, tuple[Any, Any, str | None, str | None]] = {
    "new": (ITEM, WITH_B, "compatible", "compatible"),
    "new and required": (ITEM, WITH_B | {"required": ["b"]}, "breaking", "compatible"),
    "gone": (WITH_B, ITEM, "breaking", "compatible"),
    "gone and always there": (WITH_B | {"required": ["b"]}, ITEM, "breaking", "breaking"),
    "closed": (ITEM, CLOSED, "breaking", "compatible"),
    "opened": (CLOSED, ITEM, "compatible", "compatible"),
    "closed in other words": (CLOSED, ITEM | {"unevaluatedProperties": False}, None, None),
    "read-only": (
        ITEM,
        {"type": "object", "properties": {"a": {"type": "string", "readOnly": True}}},
        "breaking",
        None,
    ),
    "default": ({"default": 1}, {"default": 2}, "breaking", None),
    "default at all": ({}, {"default": 2}, "compatible", None),
    "description": ({"description": "a"}, {"description": "b"}, "silent", "silent"),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_requests_break_when_narrower_and_responses_when_wider(name: str) -> None:
    old, new, space, sentence = SCHEMAS[name]
    expected = {
        "same": (set(), set()),
        "narrower": ({"breaking"}, {"compatible"}),
        "wider": ({"compatible"}, {"breaking"}),
        "other": ({"breaking"}, {"breaking"}),
    }[space]
    request = compare(document(old), document(new))
    assert {change.effect.value for change in request} == expected[0]
    assert effects(document(None, old), document(None, new)) == expected[1]
    assert all(sentence in change.sentence for change in request)


@pytest.mark.parametrize("name", [name for name in SCHEMAS if SCHEMAS[name][2] != "same"])
def test_the_way_back_does_the_opposite(name: str) -> None:
    old, new, space, _ = SCHEMAS[name]
    expected = {"narrower": {"compatible"}, "wider": {"breaking"}, "other": {"breaking"}}[space]
    assert effects(document(new), document(old)) == expected


@pytest.mark.parametrize("name", MEMBERS)
def test_members_have_rules_of_their_own(name: str) -> None:
    old, new, request, response = MEMBERS[name]
    assert effects(document(old), document(new)) == ({request} if request else set())
    found = effects(document(None, old), document(None, new))
    assert found == ({response} if response else set())


def test_a_promise_that_no_more_comes_counts_where_it_is_asked_for() -> None:
    old = document(None, CLOSED)
    new = document(None, WITH_B | {"additionalProperties": False})
    assert effects(old, new) == {"compatible"}
    assert effects(old, new, strict=True) == {"breaking"}
    assert effects(old, document(None, ITEM), strict=True) == {"breaking"}


def test_schemas_may_go_in_circles() -> None:
    def tree(longest: int) -> dict[str, Any]:
        node = {
            "type": "object",
            "properties": {
                "name": {"type": "string", "maxLength": longest},
                "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
            },
        }
        made = document(None, {"$ref": "#/components/schemas/Node"})
        return made | {"components": {"schemas": {"Node": node}}}

    (change,) = compare(tree(5), tree(9))
    assert change.where == ("send", "200", "application/json", "name")
