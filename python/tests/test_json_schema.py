from typing import Any

import pytest

from task_timer.utils.json_schema import Validator

TITLE = {"type": "string", "maxLength": 3, "pattern": "^[a-z]*$"}
LIST = {
    "type": "array",
    "maxItems": 2,
    "uniqueItems": True,
    "items": {"$ref": "#/components/title"},
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("A", [("", "pattern")]),
        ("AAAA", [("", "maxLength")]),
        (1, [("", "type")]),
    ],
)
def test_too_long_string_violates_only_max_length(value: Any, expected: Any) -> None:
    found = Validator(TITLE, {}, "body").violations(value)
    assert [(each.pointer, each.rule) for each in found] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a", "a"], [("", "uniqueItems")]),
        (["A", "A"], [("/0", "pattern"), ("/1", "pattern")]),
        (["A", "A", "A"], [("", "maxItems")]),
    ],
)
def test_items_of_a_too_long_array_are_not_validated(value: Any, expected: Any) -> None:
    found = Validator(LIST, {"title": TITLE}, "body").violations(value)
    assert [(each.pointer, each.rule) for each in found] == expected


# Keywords that look inside a value, each with a value that violates it.
WITHIN = {
    "pattern": ("^b$", "aa"),
    "items": ({"type": "null"}, [1, 2]),
    "prefixItems": ([{"type": "null"}, {"type": "null"}], [1, 2]),
    "contains": ({"type": "null"}, [1, 2]),
    "uniqueItems": (True, [1, 1]),
    "properties": ({"a": {"type": "null"}}, {"a": 1, "b": 2}),
    "patternProperties": ({"a": {"type": "null"}}, {"a": 1, "b": 2}),
    "additionalProperties": (False, {"a": 1, "b": 2}),
    "propertyNames": ({"pattern": "^b$"}, {"a": 1, "b": 2}),
    "unevaluatedItems": (False, [1, 2]),
    "unevaluatedProperties": (False, {"a": 1, "b": 2}),
}
BOUNDS = {
    str: {"type": "string", "maxLength": 1},
    list: {"type": "array", "maxItems": 1},
    dict: {"type": "object", "maxProperties": 1},
}


@pytest.mark.parametrize("rule", WITHIN)
def test_too_large_value_is_not_validated_further(rule: str) -> None:
    rules, value = WITHIN[rule]
    schema = BOUNDS[type(value)] | {rule: rules}
    (bound,) = [name for name in schema if name.startswith("max")]
    found = Validator(schema, {}, "body").violations(value)
    assert [(each.pointer, each.rule) for each in found] == [("", bound)]
    within = Validator({**schema, bound: 2}, {}, "body").violations(value)
    assert within
    assert bound not in {each.rule for each in within}


@pytest.mark.parametrize("rule", ["const", "enum"])
def test_value_in_a_schema_is_no_schema(rule: str) -> None:
    value = {"maxItems": 1, "items": 2}
    validator = Validator({rule: value if rule == "const" else [value]}, {}, "body")
    assert validator.violations(value) == []
    assert [each.rule for each in validator.violations({"maxItems": 1})] == [rule]


def test_at_most_1000_violations_are_listed() -> None:
    schema = {"type": "array", "items": {"type": "null"}}
    assert len(Validator(schema, {}, "body").violations([1] * 1001)) == 1000


def test_pointers_are_escaped() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "null"}}
    (found,) = Validator(schema, {}, "body").violations({"a/b~c": 1})
    assert (found.pointer, found.rule) == ("/a~1b~0c", "type")
