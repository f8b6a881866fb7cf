"""Values that are similar to others, but at other times, or of unknown identifiers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from lockstep.auth.texts import draw, drawn
from lockstep.drivers.walk.parameters import Declared

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+00:00)")
_AWAY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?!\+00:00)[+-]\d\d:\d\d")
_ELSEWHERE = timezone(timedelta(hours=-5))
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_NO_UUID = "3f2b8c1e-7d4a-4e6f-9b0a-5c8d1e2f3a4b"
_FUTURE = 2031
# Maximum length of a range in days.
_LONGEST_SPAN = 60
# From here on dates cannot be moved far.
_LAST_YEAR = 9_000


def later(value: Any, number: int) -> Any:
    """Return the body with its times moved, by the number of bodies sent before.

    So resources with a time slot, such as bookings, do not overlap. Each time in a body is made
    later than the one before it, like the end of a range: instants by an hour, dates by a day
    unless they differ already.
    """
    days = sorted(day for text in texts(value) if (day := _day(text)) is not None)
    apart = len(set(days)) == len(days)
    span = ((days[-1] - days[0]).days if apart else len(days) - 1) if days else 0
    step = 1 + (span if span <= _LONGEST_SPAN else 0)
    hours, more = itertools.count(), itertools.count()

    def moved(text: str) -> str:
        if _INSTANT.fullmatch(text) and int(text[:4]) <= _LAST_YEAR:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
            moment += timedelta(days=number, hours=next(hours))
            return moment.isoformat().replace("+00:00", text[19:])
        day = _day(text)
        if day is None:
            return text
        return (day + timedelta(days=number * step + (0 if apart else next(more)))).isoformat()

    return _with_texts(value, moved)


def elsewhere(value: Any) -> Any:
    """Return the body with its instants written in another time zone, if they are in one."""

    def moved(text: str) -> str:
        try:
            written = datetime.fromisoformat(text) if _AWAY.fullmatch(text) else None
            return text if written is None else written.astimezone(_ELSEWHERE).isoformat()
        except (ValueError, OverflowError):
            return text

    return _with_texts(value, moved)


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from texts(each)


def _with_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _with_texts(member, change) for key, member in value.items()}
    return [_with_texts(each, change) for each in value] if isinstance(value, list) else value


def _day(text: str) -> date | None:
    """Parse a date, except for leap days, which are sent on purpose."""
    if not _DATE.fullmatch(text) or text.endswith("-02-29") or int(text[:4]) > _LAST_YEAR:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def unknown_value(value: str, parameter: Declared | None = None) -> str:
    """Return a value in the same format that identifies nothing."""
    head, slash, tail = value.rpartition("/")
    if slash and tail:
        # A path: replace its last segment.
        return f"{head}/{unknown_value(tail)}"
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
    """Return a value with its instants moved to a future year, and its dates with `dates`."""

    def moved(text: str) -> str:
        is_time = _INSTANT.fullmatch(text) or (dates and _DATE.fullmatch(text))
        return f"{_FUTURE}{text[4:]}" if is_time else text

    return _with_texts(value, moved)


def is_in_future(value: Any) -> bool:
    """Whether a value contains a future instant."""
    if isinstance(value, str):
        return bool(_INSTANT.fullmatch(value)) and int(value[:4]) > datetime.now(UTC).year
    inner = value.values() if isinstance(value, Mapping) else value
    return isinstance(value, Mapping | list) and any(map(is_in_future, inner))
