"""Checks a value against one bound of its schema, such as `maxLength`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from functools import cache, partial
from typing import Any

# The least length and number of items that a generated value keeps: a request with a text of
# 100 MB, or an array of a million items, tells nothing about a server.
_LONGEST, _MOST_ITEMS = 20_000, 1_000
NUMERIC = frozenset({"minimum", "maximum"})


def least_length(schema: Mapping[str, Any]) -> int:
    """Return the length that a generated text must have, within reason."""
    return min(int(schema.get("minLength", 0)), _LONGEST)


def least_items(schema: Mapping[str, Any]) -> int:
    """Return the number of items that a generated array must have, within reason."""
    return min(int(schema.get("minItems", 0)), _MOST_ITEMS)


def is_kept(keyword: str, bound: Any, value: Any) -> bool | None:
    """Whether a value satisfies a bound; `None` if the keyword does not apply to its type."""
    return _CHECKS[keyword](bound, value)


def _matches(pattern: str, value: Any) -> bool | None:
    compiled = _compiled(pattern)
    if compiled is None or not isinstance(value, str):
        return None
    return compiled.search(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        # Valid ECMAScript that Python cannot read.
        return None


def _sized(
    kind: type[Sized], check: Callable[[float, float], bool], bound: int, value: Any
) -> bool | None:
    return check(len(value), bound) if isinstance(value, kind) else None


def _counted(check: Callable[[float, float], bool], bound: float, value: Any) -> bool | None:
    counts = isinstance(value, int | float) and not isinstance(value, bool)
    return check(value, bound) if counts and not isinstance(bound, bool) else None


def _least(value: float, bound: float) -> bool:
    return value >= bound


def _most(value: float, bound: float) -> bool:
    return value <= bound


_CHECKS: Mapping[str, Callable[[Any, Any], bool | None]] = {
    "minLength": partial(_sized, str, _least),
    "maxLength": partial(_sized, str, _most),
    "minItems": partial(_sized, list, _least),
    "maxItems": partial(_sized, list, _most),
    "pattern": _matches,
    "minimum": partial(_counted, _least),
    "maximum": partial(_counted, _most),
}
BOUNDS = tuple(_CHECKS)
