"""JSON bodies whose literals do not matter: what stands in them, if they are JSON at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def json_of(body: bytes | None) -> Any:
    """The JSON of a body, `None` if it is none."""
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def scalars(node: Any) -> Iterator[str]:
    """The texts and the integers at any depth, empty texts too."""
    if isinstance(node, dict):
        for member in node.values():
            yield from scalars(member)
    elif isinstance(node, list):
        for element in node:
            yield from scalars(element)
    elif isinstance(node, str | int) and not isinstance(node, bool):
        yield str(node)
