"""Ranges of days or of time in the bodies of requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from lockstep.openapi.naming import is_unique
from lockstep.transport.messages import Request


@dataclass(frozen=True, slots=True)
class Range:
    """The members of a body that are the two ends of a range, and where that starts."""

    start: str
    end: str
    first: date

    @property
    def unit(self) -> timedelta:
        """An hour of a range of time, a day of one of days."""
        return timedelta(hours=1) if isinstance(self.first, datetime) else timedelta(days=1)

    def place(self, body: Mapping[str, Any], ends: tuple[int, int]) -> dict[str, Any]:
        """A body with its range so many units from the start."""
        texts = (_text(self.first + number * self.unit, body[self.start]) for number in ends)
        return {**body, **dict(zip((self.start, self.end), texts, strict=True))}


def range_in(body: Any) -> Range | None:
    """The first two members of a body that are days, or instants, one after the other."""
    moments = {
        name: moment
        for name, value in (body.items() if isinstance(body, Mapping) else ())
        if (moment := _moment(value)) is not None
    }
    pairs = zip(moments.items(), list(moments.items())[1:], strict=False)
    for (start, first), (end, last) in pairs:
        if type(first) is type(last) and first < last:
            return Range(start, end, first)
    return None


def json_body(request: Request) -> Any:
    """The JSON that a request carries; `None` if it carries none."""
    if "json" not in (request.header("content-type") or ""):
        return None
    return json.loads(request.body or b"null")


def is_exclusive(request: Request) -> bool:
    """Whether a creation may take what no other thing can have: a range, or a unique name."""
    body = json_body(request)
    if not isinstance(body, Mapping):
        return False
    return range_in(body) is not None or any(map(is_unique, body))


def _moment(value: Any) -> date | None:
    """The day or the instant that a text is."""
    if not isinstance(value, str) or not value[:4].isdecimal():
        return None
    kind = date if len(value) == len("2026-01-01") else datetime
    try:
        return kind.fromisoformat(value)
    except ValueError:
        return None


def _text(moment: date, like: str) -> str:
    """A moment in the form of another text."""
    text = moment.isoformat()
    return text.replace("+00:00", "Z") if like.endswith("Z") else text
