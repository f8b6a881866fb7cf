"""JSON Schema 2020-12 validation."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from .errors import Violation

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_VIOLATIONS = 1000


class Validator:
    """A compiled schema. `place` is the part of a request that it validates."""

    def __init__(self, schema: Any, components: Any, place: str) -> None:
        self.place = place
        document = {"$schema": DIALECT, "components": components, "allOf": [schema]}
        self._compiled = jsonschema_rs.validator_for(document)

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


def _has_below(found: set[Violation], pointer: str) -> bool:
    return any(violation.pointer.startswith(f"{pointer}/") for violation in found)


def _escape(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
