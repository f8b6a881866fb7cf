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
def test_what_is_too_long_is_told_to_be_that_alone(value: Any, expected: Any) -> None:
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
def test_items_of_too_many_are_not_judged(value: Any, expected: Any) -> None:
    found = Validator(LIST, {"title": TITLE}, "body").violations(value)
    assert [(each.pointer, each.rule) for each in found] == expected
