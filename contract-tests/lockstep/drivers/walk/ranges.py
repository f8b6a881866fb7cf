"""Ranges of dates or times in request bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from lockstep.drivers.walk.client import Client
from lockstep.openapi.naming import is_unique, words
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Request

_ANY_DAY = date(2000, 1, 1)
_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")


@dataclass(frozen=True, slots=True)
class Range:
    """The members of a body with the two ends of a range, and its start."""

    start: str
    end: str
    first: date

    @property
    def unit(self) -> timedelta:
        """An hour for a range of times, a day for one of dates."""
        return timedelta(hours=1) if isinstance(self.first, datetime) else timedelta(days=1)

    def place(self, body: Mapping[str, Any], ends: tuple[int, int]) -> dict[str, Any]:
        """Return a body with its range at offsets from the start, in units."""
        texts = (_text(self.first + number * self.unit, body[self.start]) for number in ends)
        return {**body, **dict(zip((self.start, self.end), texts, strict=True))}


def range_in(body: Any, *, empty: bool = False) -> Range | None:
    """Return the range in the first two adjacent dates or times of a body that are in order.

    Both ends may be the same if it may be `empty`.
    """
    moments = {
        name: moment
        for name, value in (body.items() if isinstance(body, Mapping) else ())
        if (moment := _moment(value)) is not None
    }
    pairs = zip(moments.items(), list(moments.items())[1:], strict=False)
    for (start, first), (end, last) in pairs:
        if type(first) is type(last) and (first < last or (empty and first == last)):
            return Range(start, end, first)
    return None


# How long the unit in the name of a member is, and what is counted in minutes without one.
_UNITS = {
    "seconds": timedelta(seconds=1),
    "secs": timedelta(seconds=1),
    "minutes": timedelta(minutes=1),
    "mins": timedelta(minutes=1),
    "duration": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
    "nights": timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A range in a body that is told by its start and how long it lasts."""

    start: str
    first: date
    lasts: timedelta

    def place(self, body: Mapping[str, Any], number: float) -> dict[str, Any]:
        """Return a body whose range starts that many spans after the start of this one."""
        return {**body, self.start: _text(self.first + number * self.lasts, body[self.start])}


def span_in(body: Any) -> Span | None:
    """Return the range of a body with one date or instant, and one time that it lasts."""
    members = body.items() if isinstance(body, Mapping) else ()
    moments = [(name, at) for name, value in members if (at := _moment(value)) is not None]
    lengths = [length for pair in members if (length := _length(*pair)) is not None]
    if len(moments) != 1 or len(lengths) != 1:
        return None
    return Span(*moments[0], lengths[0])


def _length(name: str, value: Any) -> timedelta | None:
    """Read a member such as `duration_minutes`, or a `duration` in minutes."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        return None
    units = [_UNITS[word] for word in reversed(words(name)) if word in _UNITS]
    return value * units[0] if units else None


def json_body(request: Request) -> Any:
    """Return the JSON of a request; `None` if it has none."""
    if "json" not in (request.header("content-type") or ""):
        return None
    return json.loads(request.body or b"null")


def is_exclusive(request: Request) -> bool:
    """Whether a creation may claim something exclusive: a range, or a unique name."""
    body = json_body(request)
    if not isinstance(body, Mapping):
        return False
    return range_in(body) is not None or any(map(is_unique, body))


def _moment(value: Any) -> date | None:
    """Parse a date, an instant, or a time of day, which is one of the same day."""
    if isinstance(value, str) and _OF_DAY.fullmatch(value):
        return datetime.combine(_ANY_DAY, time.fromisoformat(value))
    if not isinstance(value, str) or not value[:4].isdecimal():
        return None
    kind = date if len(value) == len("2026-01-01") else datetime
    try:
        return kind.fromisoformat(value)
    except ValueError:
        return None


def _text(moment: date, like: str) -> str:
    """Format a moment like another text."""
    if _OF_DAY.fullmatch(like):
        return moment.strftime("%H:%M:%S")[: len(like)]
    text = moment.isoformat()
    return text.replace("+00:00", "Z") if like.endswith("Z") else text


def book_again(client: Client, exchange: Exchange) -> None:
    """Create what an exchange is about again: exclusive values may be free, or still taken."""
    makers = client.exchanger.trace.makers(exchange)
    made = next((each for each in reversed(makers) if each.request.method == "POST"), None)
    if made is not None and is_exclusive(made.request) and not exchange.parted:
        client.send_as(made.request, client.mine)
