"""Values that are like others: of another time, or naming nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lockstep.auth.texts import draw, drawn
from lockstep.drivers.walk.parameters import Declared

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+00:00)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_NO_UUID = "3f2b8c1e-7d4a-4e6f-9b0a-5c8d1e2f3a4b"
_FUTURE = 2031


def later(value: Any, days: int) -> Any:
    """A content with its instants so many days later, each one an hour behind the one before.

    What takes a time of its own, such as a booking, does not meet another of its kind so.
    """
    return _later(value, days, [0])


def _later(value: Any, days: int, count: list[int]) -> Any:
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        moment += timedelta(days=days, hours=count[0])
        count[0] += 1
        return moment.isoformat().replace("+00:00", value[19:])
    if isinstance(value, Mapping):
        return {key: _later(member, days, count) for key, member in value.items()}
    return [_later(each, days, count) for each in value] if isinstance(value, list) else value


def nothing_like(value: str, parameter: Declared | None = None) -> str:
    """A value of the same form that names nothing."""
    head, slash, tail = value.rpartition("/")
    if slash and tail:
        # A path: what is last in it.
        return f"{head}/{nothing_like(tail)}"
    if _UUID.fullmatch(value):
        return _NO_UUID
    if value.isdecimal():
        return "9" * min(max(len(value), 6), 9)
    if parameter is not None and parameter.schema.keys() & {"enum", "pattern"}:
        return draw(drawn(parameter.schema), value) or value
    if re.fullmatch(r"[0-9A-Fa-f]{16,}", value):
        return value[::-1]
    if re.search(r"\d", value):
        return re.sub(r"\d", "9", value)
    stem, dot, ending = value.rpartition(".")
    return f"{stem}-unknown.{ending}" if dot and stem else f"{value}-unknown"


def in_future(value: Any, *, dates: bool = False) -> Any:
    """A content with its instants in a year to come; days are moved with `dates`."""
    if isinstance(value, str) and (_INSTANT.fullmatch(value) or (dates and _DATE.fullmatch(value))):
        return f"{_FUTURE}{value[4:]}"
    if isinstance(value, Mapping):
        return {key: in_future(member, dates=dates) for key, member in value.items()}
    return [in_future(each, dates=dates) for each in value] if isinstance(value, list) else value


def is_in_future(value: Any) -> bool:
    """Whether a content has an instant that is to come."""
    if isinstance(value, str):
        return bool(_INSTANT.fullmatch(value)) and int(value[:4]) > datetime.now(UTC).year
    inner = value.values() if isinstance(value, Mapping) else value
    return isinstance(value, Mapping | list) and any(map(is_in_future, inner))
