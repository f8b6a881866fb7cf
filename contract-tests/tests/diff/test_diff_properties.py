"""Property-based tests: a change reported as compatible invalidates no value.

Named properties are left out, since an added one counts as compatible.
"""

from __future__ import annotations

from typing import Any

import jsonschema_rs
from fixtures.diffs import document, effects
from hypothesis import given, settings
from hypothesis import strategies as st

steady = settings(max_examples=150, deadline=None, derandomize=True, database=None)
VALUES: list[Any] = [
    *(None, True, "", "a", "ab", "b", 0, 1, 1.5, 5, -3),
    *([], ["a"], [1, "a"], ["a", "a"], {}, {"a": "a"}, {"a": 1}, {"a": None}),
]
TYPES = ("null", "boolean", "string", "integer", "number", "array", "object")
KEYWORDS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, unique=True),
    "minLength": st.integers(0, 2),
    "maxLength": st.integers(0, 2),
    "minimum": st.integers(-1, 2),
    "exclusiveMinimum": st.integers(-1, 2),
    "maximum": st.integers(0, 5),
    "multipleOf": st.sampled_from([1, 2, 5]),
    "maxItems": st.integers(0, 2),
    "uniqueItems": st.booleans(),
    "minProperties": st.integers(0, 1),
    "pattern": st.sampled_from(["^a", "b$"]),
    "enum": st.lists(st.sampled_from([None, "a", "b", 1, 5]), min_size=1, unique=True),
    "const": st.sampled_from([None, "a", 1]),
    "required": st.sampled_from([[], ["a"]]),
    "dependentRequired": st.sampled_from([{"a": ["b"]}, {"a": []}]),
    "not": st.sampled_from([{"type": "null"}, {"const": "a"}]),
    "if": st.sampled_from([{"type": "string"}, {"minLength": 1}]),
    "then": st.sampled_from([{"maxLength": 1}, {"pattern": "b$"}]),
    "else": st.sampled_from([{"maximum": 1}, {"type": "object"}]),
    "description": st.sampled_from(["one", "another"]),
}


def inside(schemas: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas that contain these schemas."""
    deeper = {
        "items": schemas,
        "prefixItems": st.lists(schemas, min_size=1, max_size=2),
        "additionalProperties": schemas,
        "anyOf": st.lists(schemas, min_size=1, max_size=3),
        "allOf": st.lists(flat, min_size=1, max_size=2),
    }
    return st.fixed_dictionaries({}, optional=KEYWORDS | deeper)


flat = st.fixed_dictionaries({}, optional=KEYWORDS)
schemas = st.recursive(flat | st.booleans(), inside, max_leaves=6)


@steady
@given(schemas, schemas)
def test_compatible_request_change_accepts_all_previous_values(old: Any, new: Any) -> None:
    if "breaking" in effects(document(old), document(new)):
        return
    before, after = jsonschema_rs.validator_for(old), jsonschema_rs.validator_for(new)
    assert [value for value in VALUES if before.is_valid(value) and not after.is_valid(value)] == []


@steady
@given(schemas, schemas)
def test_compatible_response_change_allows_no_new_values(old: Any, new: Any) -> None:
    if "breaking" in effects(document(None, old), document(None, new), strict=True):
        return
    before, after = jsonschema_rs.validator_for(old), jsonschema_rs.validator_for(new)
    assert [value for value in VALUES if after.is_valid(value) and not before.is_valid(value)] == []


@steady
@given(schemas)
def test_schema_compared_with_itself_has_no_changes(schema: Any) -> None:
    assert effects(document(schema, schema), document(schema, schema)) == set()


@steady
@given(schemas, schemas)
def test_request_change_has_the_effect_of_the_reverse_response_change(old: Any, new: Any) -> None:
    there = effects(document(old), document(new))
    assert there == effects(document(None, new), document(None, old), strict=True)
