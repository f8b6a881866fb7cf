"""JSON Schema 2020-12 validation."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from .errors import Violation

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_VIOLATIONS = 1000
BOUNDS = ("maxLength", "maxItems", "maxProperties")
# What looks at each character, item or property.
WITHIN_BOUNDS = (
    "pattern",
    "items",
    "prefixItems",
    "contains",
    "uniqueItems",
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
)
VALUES = ("enum", "const", "default", "example", "examples")


class Validator:
    """A compiled schema. `place` is the part of a request that it validates."""

    def __init__(self, schema: Any, components: Any, place: str) -> None:
        self.place = place
        document = {"components": components, "allOf": [schema]}
        self._compiled = jsonschema_rs.validator_for(
            {"$schema": DIALECT, **_bounds_first(document)}
        )

    def violations(self, value: Any) -> list[Violation]:
        """Lists the violations of a value, sorted, once for each place and rule, at most 1000."""
        if self._compiled.is_valid(value):
            return []
        found = set(self._found(value))
        deep = {v for v in found if v.rule == "uniqueItems" and _has_below(found, v.pointer)}
        return sorted(found - deep)[:MAX_VIOLATIONS]

    def _found(self, value: Any) -> Iterator[Violation]:
        for error in self._compiled.iter_errors(value):
            pointer = "".join(f"/{_escape(step)}" for step in error.instance_path)
            yield Violation(self.place, pointer, str(error.schema_path[-1]))


def _bounds_first(schema: Any) -> Any:
    """Gives a schema that looks into nothing that is too large: of that no more is to be said.

    Else what a value costs grows with its size, not with what the contract allows it.
    """
    if isinstance(schema, list):
        return [_bounds_first(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    rules = {name: rule if name in VALUES else _bounds_first(rule) for name, rule in schema.items()}
    bounds = {name: rules[name] for name in BOUNDS if isinstance(rules.get(name), int)}
    within = {name: rules.pop(name) for name in WITHIN_BOUNDS if bounds and name in rules}
    return {**rules, "if": bounds, "then": within} if within else rules


def _has_below(found: set[Violation], pointer: str) -> bool:
    return any(violation.pointer.startswith(f"{pointer}/") for violation in found)


def _escape(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
