"""Validates a request against the schemas of its operation, and applies their defaults."""

import copy
import re
from collections.abc import Mapping
from typing import Any

from ...operations import Operation
from ...utils.errors import ValidationFailedError, Violation
from ...utils.uri import parse_query
from ..call import Call

_WHOLE = re.compile("0|[1-9][0-9]*")
_BOOLEANS = {"true": True, "false": False}
_EXACT_DIGITS = 16


def check(call: Call) -> None:
    """Validates path, query, headers and body together. Raises ValidationFailedError."""
    if call.operation is None:
        return
    rules = call.operation.parameters
    call.given = _query(call.query_string, rules["query"].types)
    call.headers = {name: value for name, value in call.fields if name in rules["header"].types}
    violations = [
        *_body_violations(call, call.operation),
        *rules["header"].validator.violations(call.headers),
        *rules["path"].validator.violations(call.path_values),
        *rules["query"].validator.violations(call.given),
    ]
    if violations:
        raise ValidationFailedError(violations)
    call.query = {**rules["query"].defaults, **call.given}
    if call.operation.body:
        call.body = _with_defaults(call.operation.body.defaults, call.body)


def _body_violations(call: Call, operation: Operation) -> list[Violation]:
    if operation.body is None:
        return []
    if not call.data:
        return [Violation("body", "", "required")]
    return operation.body.validator.violations(call.body)


def _with_defaults(defaults: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(dict(defaults)) | body


def _query(query_string: str, types: Mapping[str, str]) -> dict[str, Any]:
    """Collects the parameters by name; a repeated one becomes a list."""
    values: dict[str, list[Any]] = {}
    for name, text in parse_query(query_string):
        values.setdefault(name, []).append(_typed(text, types.get(name, "string")))
    return {name: every if len(every) > 1 else every[0] for name, every in values.items()}


def _typed(text: str, kind: str) -> Any:
    if kind == "boolean":
        return _BOOLEANS.get(text, text)
    if kind == "integer" and _WHOLE.fullmatch(text):
        return int(text[:_EXACT_DIGITS]) if len(text) <= _EXACT_DIGITS else 10**_EXACT_DIGITS
    return text
