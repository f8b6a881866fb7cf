"""What in a request is worth a mention."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lockstep.explain.words import code, shown


@dataclass(frozen=True, slots=True)
class Value:
    """A value that a request carries: its name for people, what it is, and its schema."""

    name: str
    value: Any
    schema: Mapping[str, Any]


def when(values: Iterable[Value], least: int = 1) -> str:
    """`when X is Y` for the most unusual value; empty where none is unusual by `least` of 5."""
    rated = [(_oddness(item), item) for item in values]
    if not rated:
        return ""
    oddness, item = max(rated, key=lambda pair: pair[0][0])
    if oddness[0] < least:
        return ""
    return f"when {code(item.name)} is {_written(item.value)}{oddness[1]}"


def _oddness(item: Value) -> tuple[int, str]:
    """How unusual a value is, and a remark on it."""
    value, schema = item.value, item.schema
    if isinstance(value, str):
        return _oddness_of_text(value, schema)
    if isinstance(value, bool):
        return 0, ""
    if isinstance(value, int | float):
        if not math.isfinite(value):
            return 4, ""
        bounds = (schema.get("minimum"), schema.get("maximum"))
        if value in bounds:
            return 3, " (the bound)"
        return (2, "") if abs(value) > 2**53 or value != int(value) or value == 0 else (0, "")
    return (1, "") if value is None or value in ({}, []) else (0, "")


def _oddness_of_text(value: str, schema: Mapping[str, Any]) -> tuple[int, str]:
    points = "1 code point" if len(value) == 1 else f"{len(value)} code points"
    if not value.isprintable():
        return 5, f" ({points})"
    if not value:
        return 3, ""
    if not value.isascii():
        return 4, f" ({points})"
    if len(value) in (schema.get("minLength"), schema.get("maxLength")):
        return 3, f" ({points}, the bound)"
    return (3, "") if value != value.strip() or re.search(r"[%_\\'\"]", value) else (0, "")


def _written(value: Any) -> str:
    return shown(json.dumps(value, ensure_ascii=False), 40)
