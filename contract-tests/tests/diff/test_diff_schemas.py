"""Effects of schema changes in requests and in responses."""

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
COMPATIBLE = ("compatible",)


def marked(name: str, **words: Any) -> dict[str, Any]:
    """An object schema with one string property that has additional keywords."""
    return {"type": "object", "properties": {name: {"type": "string"} | words}}


# How the newer schema changes the set of values: narrower breaks a request, wider breaks a
# response.
SCHEMAS: dict[str, tuple[Any, Any, str, str]] = {
    "minLength": ({"minLength": 1}, {"minLength": 2}, "narrower", "minLength was 1, is 2"),
    "minLength of nothing": ({}, {"minLength": 0}, "same", ""),
    "maxLength": ({"maxLength": 9}, {"maxLength": 5}, "narrower", "maxLength was 9, is 5"),
    "maxLength at all": ({}, {"maxLength": 5}, "narrower", "maxLength is 5, was not set"),
    "minimum": ({"minimum": 1}, {"minimum": 1.5}, "narrower", "minimum was 1, is 1.5"),
    "maximum": ({"exclusiveMaximum": 9}, {}, "wider", "exclusiveMaximum was 9, is not set"),
    "an exclusive bound": (
        {"type": "number", "minimum": 0},
        {"type": "number", "exclusiveMinimum": 0},
        "narrower",
        "minimum was 0, exclusiveMinimum is 0",
    ),
    "an exclusive bound of whole numbers": (
        {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 9.5},
        {"type": "integer", "minimum": 1, "maximum": 9},
        "same",
        "",
    ),
    "the tighter one of two bounds": (
        {"minimum": 5, "exclusiveMinimum": 3},
        {"minimum": 5},
        "same",
        "",
    ),
    "whole numbers with a point": ({"enum": [1.0, [2.0]]}, {"enum": [1, [2]]}, "same", ""),
    "unnamed branches in another order": (
        {"oneOf": [WITH_B | {"required": ["b"]}, {**ITEM, "required": ["a"]}]},
        {"oneOf": [{**ITEM, "required": ["a"]}, WITH_B | {"required": ["b"]}]},
        "same",
        "",
    ),
    "branches in another order, one of them changed": (
        {"oneOf": [WITH_B | {"required": ["b"]}, {**ITEM, "required": ["a"]}]},
        {"oneOf": [{**ITEM, "required": ["a"]}, WITH_B]},
        "wider",
        "is no longer required",
    ),
    "maxItems": ({"maxItems": 9}, {"maxItems": 5}, "narrower", "maxItems was 9, is 5"),
    "minProperties": ({}, {"minProperties": 1}, "narrower", "minProperties is 1, was not set"),
    "pattern": ({}, {"pattern": "^a"}, "narrower", 'pattern is "^a", was not set'),
    "another pattern": ({"pattern": "^a"}, {"pattern": "^b"}, "other", 'pattern was "^a", is "^b"'),
    "format": ({"format": "uuid"}, {}, "wider", 'format was "uuid", is not set'),
    "multipleOf": ({"multipleOf": 2}, {"multipleOf": 4}, "narrower", "multipleOf was 2, is 4"),
    "coarser": ({"multipleOf": 4}, {"multipleOf": 2}, "wider", "multipleOf was 4, is 2"),
    "what every whole number is a multiple of": (
        {"type": "integer"},
        {"type": "integer", "multipleOf": 0.5},
        "same",
        "",
    ),
    "uniqueItems": ({}, {"uniqueItems": True}, "narrower", "items must be unique"),
    "enum value gone": ({"enum": ["a", "b"]}, {"enum": ["a"]}, "narrower", '"b" was removed'),
    "enum value new": ({"enum": ["a"]}, {"enum": ["a", "b"]}, "wider", '"b" was added'),
    "enum at all": ({}, {"enum": ["a"]}, "narrower", 'only "a"'),
    "const for enum": ({"enum": ["a"]}, {"const": "a"}, "same", ""),
    "nullable": ({"type": "string"}, {"type": ["string", "null"]}, "wider", "null was added"),
    "null in an enum": (
        {"type": "string", "enum": ["a"]},
        {"type": ["string", "null"], "enum": ["a", None]},
        "wider",
        "null was added",
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
    "branch gone": ({"oneOf": [CAT, DOG]}, {"oneOf": [DOG]}, "narrower", "object was removed"),
    "branch new": ({"anyOf": [DOG]}, {"anyOf": [CAT, DOG]}, "wider", "object was added"),
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
        "null was added",
    ),
    "names of members": (
        {"propertyNames": {"maxLength": 5}},
        {"propertyNames": {"maxLength": 9}},
        "wider",
        "maxLength was 5, is 9",
    ),
    "required": (ITEM, ITEM | {"required": ["a"]}, "narrower", "is required"),
    "constants for an enum": (
        {"oneOf": [{"const": "a"}, {"const": "b"}]},
        {"enum": ["a", "b"]},
        "same",
        "",
    ),
    "constants with a type": (
        {"anyOf": [{"type": "string", "const": "a"}, {"type": "string", "enum": ["b"]}]},
        {"type": "string", "enum": ["b", "a"]},
        "same",
        "",
    ),
    "a constant less": (
        {"oneOf": [{"const": "a"}, {"const": "b"}]},
        {"enum": ["a"]},
        "narrower",
        'the value "b" was removed',
    ),
    "a constant more": (
        {"enum": [1]},
        {"oneOf": [{"const": 1}, {"const": 2}]},
        "wider",
        "2 was added",
    ),
    "constants of several types": (
        {"oneOf": [{"const": 1}, {"const": "a"}, {"const": None}]},
        {"enum": ["a", None, 1]},
        "same",
        "",
    ),
    "a value of another type": (
        {"enum": ["a"]},
        {"enum": ["a", 1]},
        "wider",
        "the value 1 was added",
    ),
    "several types of values": ({}, {"enum": ["a", 1, None]}, "narrower", ""),
    "a type that its values say": (
        {"enum": [1, 2]},
        {"type": "integer", "enum": [1, 2]},
        "same",
        "",
    ),
    "whole numbers": ({"type": "number", "enum": [1, 2]}, {"enum": [2, 1]}, "same", ""),
    "both booleans": ({"type": "boolean"}, {"enum": [True, False]}, "same", ""),
    "a value that its type rules out": (
        {"type": "string", "enum": ["a", 1]},
        {"const": "a"},
        "same",
        "",
    ),
    "null as a constant": (
        {"type": ["string", "null"]},
        {"oneOf": [{"type": "string"}, {"const": None}]},
        "same",
        "",
    ),
    "null and several types": (
        {"type": ["null", "integer", "string"]},
        {"anyOf": [{"type": ["string", "integer"]}, {"type": "null"}]},
        "same",
        "",
    ),
    "one branch": ({"oneOf": [ITEM]}, ITEM, "same", ""),
    "several types at all": ({}, {"type": ["string", "null"]}, "narrower", "was anything, is"),
    "64 bits for 32": (
        {"type": "integer", "format": "int32"},
        {"type": "integer", "format": "int64"},
        "wider",
        'format was "int32", is "int64"',
    ),
    "no sign": (
        {"type": "integer", "format": "int32"},
        {"type": "integer", "format": "uint32"},
        "other",
        "format was",
    ),
    "32 bits at all": ({"type": "integer"}, {"type": "integer", "format": "int32"}, "narrower", ""),
    "double for float": (
        {"type": "number", "format": "float"},
        {"type": "number", "format": "double"},
        "wider",
        'format was "float", is "double"',
    ),
    "bits of a number that may be null": (
        {"type": ["integer", "null"], "format": "int64"},
        {"type": ["integer", "null"], "format": "int32"},
        "narrower",
        "format was",
    ),
    "a format of no number": (
        {"type": "string"},
        {"type": "string", "format": "int32"},
        "same",
        "",
    ),
    "a whole number of any size": (
        {"type": "integer", "format": "int32"},
        {"type": "number"},
        "wider",
        "the type was integer, is number",
    ),
    "base64 in two ways": (
        {"type": "string", "format": "byte"},
        {"type": "string", "contentEncoding": "base64"},
        "same",
        "",
    ),
    "bytes in two ways": (
        {"type": "string", "format": "binary"},
        {"type": "string", "contentMediaType": "application/octet-stream"},
        "same",
        "",
    ),
    "not at all": ({}, {"not": {"const": 1}}, "narrower", "not is"),
    "a condition": (
        {},
        {"if": {"minLength": 1}, "then": {"maxLength": 5}},
        "narrower",
        "conditional schema",
    ),
    "a condition without consequences": ({}, {"if": {"minLength": 1}}, "same", ""),
    "half a condition": (
        {"if": {"minLength": 1}, "then": {"maxLength": 5}, "else": False},
        {"if": {"minLength": 1}, "then": {"maxLength": 5}},
        "wider",
        "conditional schema",
    ),
    "another condition": (
        {"if": {"minLength": 1}, "then": {"maxLength": 5}},
        {"if": {"minLength": 2}, "then": {"maxLength": 5}},
        "other",
        "conditional schema",
    ),
    "members that others demand": (
        {"dependentRequired": {"a": ["b"]}},
        {"dependentRequired": {"a": ["b", "c"], "d": ["a"]}},
        "narrower",
        "dependentRequired of",
    ),
    "schemas that members demand": (
        {},
        {"dependentSchemas": {"a": ITEM}},
        "narrower",
        "of a was added",
    ),
    "more that it contains": (
        {"contains": {"const": 1}},
        {"contains": {"const": 1}, "minContains": 2},
        "narrower",
        "minContains is 2",
    ),
    "less that it contains": (
        {"contains": {"const": 1}, "maxContains": 5},
        {"contains": {"const": 1}},
        "wider",
        "maxContains was 5",
    ),
    "no items beside": (
        {"prefixItems": [{}]},
        {"prefixItems": [{}], "unevaluatedItems": False},
        "narrower",
        "no other items",
    ),
    "what the text holds": (
        {"contentSchema": {"maxLength": 9}},
        {"contentSchema": {"maxLength": 5}},
        "narrower",
        "maxLength was 9, is 5",
    ),
    "not": ({"not": {"const": 1}}, {"not": {"const": 2}}, "other", "not changed"),
    "false": (True, False, "narrower", "anything was removed"),
}
# Changes with separate rules: the effects in a request and in a response.
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
    "read-only and required": (
        marked("a", readOnly=True),
        marked("a", readOnly=True) | {"required": ["a"]},
        None,
        "compatible",
    ),
    "write-only and required": (
        marked("a", writeOnly=True) | {"required": ["a"]},
        marked("a", writeOnly=True),
        "compatible",
        None,
    ),
    "required, and no longer read-only": (
        marked("a", readOnly=True) | {"required": ["a"]},
        ITEM | {"required": ["a"]},
        "breaking",
        None,
    ),
    "values of what is read-only": (
        marked("a", readOnly=True, enum=["a", "b"]),
        marked("a", readOnly=True, enum=["a"]),
        None,
        "compatible",
    ),
    "others at all": (CLOSED, ITEM | {"additionalProperties": {"type": "string"}}, *2 * COMPATIBLE),
    "no more others": (
        ITEM | {"additionalProperties": {"type": "string"}},
        CLOSED,
        "breaking",
        "compatible",
    ),
    "64 bits written out": (
        {"type": "integer"},
        {"type": "integer", "format": "int64"},
        *2 * COMPATIBLE,
    ),
    "any number for double": (
        {"type": "number", "format": "double"},
        {"type": "number"},
        *2 * COMPATIBLE,
    ),
    "words about a constant": (
        {"oneOf": [{"const": "a", "title": "A"}, {"const": "b", "title": "B"}]},
        {"oneOf": [{"const": "a", "title": "A"}, {"const": "b", "title": "C"}]},
        "silent",
        "silent",
    ),
    "default": ({"default": 1}, {"default": 2}, "breaking", None),
    "default at all": ({}, {"default": 2}, "compatible", None),
    "description": ({"description": "a"}, {"description": "b"}, "silent", "silent"),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_narrower_request_and_wider_response_are_breaking(name: str) -> None:
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
def test_reverse_change_has_the_opposite_effect(name: str) -> None:
    old, new, space, _ = SCHEMAS[name]
    expected = {"narrower": {"compatible"}, "wider": {"breaking"}, "other": {"breaking"}}[space]
    assert effects(document(new), document(old)) == expected


@pytest.mark.parametrize("name", MEMBERS)
def test_effect_of_property_changes(name: str) -> None:
    old, new, request, response = MEMBERS[name]
    assert effects(document(old), document(new)) == ({request} if request else set())
    found = effects(document(None, old), document(None, new))
    assert found == ({response} if response else set())


def test_strict_counts_new_property_of_a_closed_response_as_breaking() -> None:
    old = document(None, CLOSED)
    new = document(None, WITH_B | {"additionalProperties": False})
    assert effects(old, new) == {"compatible"}
    assert effects(old, new, strict=True) == {"breaking"}
    assert effects(old, document(None, ITEM), strict=True) == {"breaking"}


READ_ONLY = {"type": "string", "readOnly": True}
# Equivalent ways to mark a property read-only, with the OpenAPI version that allows each.
SPELLINGS: dict[str, tuple[Any, str]] = {
    "in the schema": (READ_ONLY, "3.0.3"),
    "in a component": ({"$ref": "#/components/schemas/Marked"}, "3.0.3"),
    "beside a reference": ({"$ref": "#/components/schemas/Plain", "readOnly": True}, "3.1.0"),
    "beside a reference of 3.0": (
        {"$ref": "#/components/schemas/Plain", "readOnly": True},
        "3.0.3",
    ),
    "beside allOf": (
        {"allOf": [{"$ref": "#/components/schemas/Plain"}], "readOnly": True},
        "3.0.3",
    ),
    "inside allOf": (
        {"allOf": [{"$ref": "#/components/schemas/Plain"}, {"readOnly": True}]},
        "3.0.3",
    ),
    "of a component inside allOf": (
        {"allOf": [{"$ref": "#/components/schemas/Marked"}, {"description": "mine"}]},
        "3.0.3",
    ),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_equivalent_read_only_markers_are_no_change(name: str) -> None:
    def made(member: Any, version: str, required: list[str]) -> dict[str, Any]:
        schema = {"type": "object", "properties": {"a": member}, "required": required}
        schemas = {"Plain": {"type": "string"}, "Marked": READ_ONLY}
        return document(schema) | {"openapi": version, "components": {"schemas": schemas}}

    member, version = SPELLINGS[name]
    assert effects(made(READ_ONLY, version, []), made(member, version, ["a"])) == set()
    assert effects(made(member, version, ["a"]), made(READ_ONLY, version, [])) == set()
    plain = made({"type": "string"}, version, ["a"])
    assert effects(made(member, version, ["a"]), plain) == {"breaking"}


@pytest.mark.parametrize("name", ["a", "default", "example", "enum", "const", "nullable", "links"])
@pytest.mark.parametrize("status", ["200", "404", "default"])
def test_newly_nullable_response_property_is_breaking(name: str, status: str) -> None:
    def made(**words: Any) -> dict[str, Any]:
        schema = {"type": "object", "properties": {name: {"type": "string"} | words}}
        answer = {"description": "ok", "content": {"application/json": {"schema": schema}}}
        return document(responses={status: answer}) | {"openapi": "3.0.3"}

    assert effects(made(), made(nullable=True)) == {"breaking"}
    assert effects(made(nullable=True), made()) == {"compatible"}
    assert effects(made(), made(nullable=False)) == set()


NULLS: list[dict[str, Any]] = [
    {"type": "string", "nullable": True},
    {"type": "string", "nullable": True, "allOf": [{}]},
    {"nullable": True, "allOf": [{"type": "string"}]},
    {"nullable": True, "anyOf": [{"type": "string"}]},
    {"nullable": True, "oneOf": [{"type": "string"}]},
]


@pytest.mark.parametrize("old", NULLS)
@pytest.mark.parametrize(
    "new",
    [
        {"type": ["string", "null"]},
        {"oneOf": [{"type": "string"}, {"type": "null"}]},
        {"anyOf": [{"type": "null"}, {"type": "string"}]},
        {"anyOf": [{"enum": [None]}, {"type": "string"}]},
    ],
)
def test_nullable_and_null_type_are_equivalent(old: Any, new: Any) -> None:
    before = document(old, old) | {"openapi": "3.0.3"}
    # The change of the version itself is silent.
    assert effects(before, document(new, new)) == {"silent"}


ANIMALS = {
    "Cat": {"type": "object", "properties": {"kind": {"type": "string"}}},
    "Dog": {"type": "object", "properties": {"kind": {"type": "string"}, "tail": {}}},
    "Emu": {"type": "object", "properties": {"kind": {"type": "string"}, "legs": {}}},
}


def animals(property_name: str | None = "kind", /, *names: str, **mapping: str) -> dict[str, Any]:
    """A `oneOf` of several schemas, with a discriminator mapping."""
    schema: dict[str, Any] = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names or ("Cat", "Dog")]
    }
    if property_name:
        targets = {value: f"#/components/schemas/{name}" for value, name in mapping.items()}
        schema["discriminator"] = {"propertyName": property_name, "mapping": targets}
    return schema


def heirs(**mapping: str) -> dict[str, Any]:
    """A base schema whose subtypes are named only by the discriminator mapping."""
    return ANIMALS["Cat"] | {"discriminator": {"propertyName": "kind", "mapping": mapping}}


DISCRIMINATORS: dict[str, tuple[Any, Any, set[str], set[str]]] = {
    "another member": (animals(), animals("type"), {"breaking"}, {"breaking"}),
    "its own names": (animals(), animals(Cat="Cat", Dog="Dog"), set(), set()),
    "a name gone": (
        animals(cat="Cat", kitty="Cat"),
        animals(cat="Cat"),
        {"breaking"},
        {"compatible"},
    ),
    "a name new": (
        animals(cat="Cat"),
        animals(cat="Cat", kitty="Cat"),
        {"compatible"},
        {"breaking"},
    ),
    "the only name gone": (
        animals(cat="Cat"),
        animals(),
        {"breaking", "compatible"},
        {"breaking", "compatible"},
    ),
    "names changed over": (
        animals(cat="Cat", dog="Dog"),
        animals(cat="Dog", dog="Cat"),
        {"breaking"},
        {"breaking"},
    ),
    "a branch gone": (
        animals("kind", "Cat", "Dog", "Emu", emu="Emu"),
        animals(),
        {"breaking"},
        {"compatible"},
    ),
    "a name of an heir gone": (
        heirs(cat="Cat", dog="Dog"),
        heirs(cat="Cat"),
        {"breaking"},
        {"compatible"},
    ),
    "a name of an heir new": (
        heirs(cat="Cat"),
        heirs(cat="Cat", dog="Dog"),
        {"compatible"},
        {"breaking"},
    ),
    "an heir by another name": (heirs(cat="Cat"), heirs(cat="Dog"), {"breaking"}, {"breaking"}),
    "none any more": (animals(), animals(None), {"compatible"}, {"compatible"}),
    "one at last": (animals(None), animals(), {"compatible"}, {"compatible"}),
}


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_effect_of_discriminator_changes(name: str) -> None:
    old, new, request, response = DISCRIMINATORS[name]
    components = {"components": {"schemas": ANIMALS}}
    assert effects(document(old) | components, document(new) | components) == request
    answers = document(None, old) | components, document(None, new) | components
    assert effects(*answers) == response


def test_recursive_schemas_are_compared() -> None:
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


def test_deep_schemas_with_exponentially_many_paths_are_compared() -> None:
    """Each schema refers to the next twice, so 2 ** 500 paths lead to the last one."""

    def chain(longest: int) -> dict[str, Any]:
        schemas: dict[str, Any] = {"S500": {"type": "string", "maxLength": longest}}
        for index in range(500):
            further = {"$ref": f"#/components/schemas/S{index + 1}"}
            schemas[f"S{index}"] = {"type": "object", "properties": {"a": further, "b": further}}
        made = document(None, {"$ref": "#/components/schemas/S0"})
        return made | {"components": {"schemas": schemas}}

    (change,) = compare(chain(5), chain(9))
    assert change.where == ("send", "200", "application/json", *["a"] * 500)


def test_recursive_arrays_terminate() -> None:
    tree = {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}
    new = document(None, {"$ref": "#/components/schemas/Tree"})
    components = {"components": {"schemas": {"Tree": tree}}}
    assert effects(document(None, {}) | components, new | components) == {"compatible"}
