"""Parses JSON bodies whose exact literals do not matter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def json_of(body: bytes | None) -> Any:
    """Return the JSON value of a body, `None` if it is not JSON."""
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


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
