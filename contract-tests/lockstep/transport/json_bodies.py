"""Parses JSON bodies whose exact literals do not matter."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, NoReturn

# Longer integers are slow to convert (CPython bug 95778).
_MOST_DIGITS = 4_000


def json_of(body: bytes | None) -> Any:
    """Return the JSON value of a body, `None` if it is not JSON."""
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def strict_json(body: bytes) -> Any:
    """Parse JSON exactly as RFC 8259 defines it; raise `ValueError` if it is not JSON.

    `NaN` and `Infinity` are not JSON, and neither is a byte order mark before it (8.1). Raise
    `OverflowError` for an integer, and `RecursionError` for a nesting, beyond Python's limits.
    """
    if body.startswith(codecs.BOM_UTF8):
        raise ValueError("it starts with a byte order mark")
    return json.loads(body, parse_constant=_refused, parse_int=_integer)


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise OverflowError(f"an integer of {len(text):,} digits")
    return int(text)


def scalars(node: Any) -> Iterator[str]:
    """Yield the strings and integers at any depth, including empty strings."""
    if isinstance(node, dict):
        for member in node.values():
            yield from scalars(member)
    elif isinstance(node, list):
        for element in node:
            yield from scalars(element)
    elif isinstance(node, str | int) and not isinstance(node, bool):
        yield str(node)
