"""Valid values for which implementations of the same computation differ.

Languages and libraries disagree about halves, negative numbers and zero, the ends of months and
years, local times when clocks change, characters beyond the BMP, and the order of numbers in lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from lockstep.auth.bodies import acceptor, flat, kind_of_value
from lockstep.drivers.walk.bodies import may_be_null
from lockstep.openapi.document import Document
from lockstep.openapi.naming import words

# Halves to be rounded, with a negative one, which languages round in different directions.
_NUMBERS = (0, -2.5, 0.125, 1234567.891, -0.004, 0.5, -1, 1.005)
_INTEGERS = (1, -1, 0, 2)
_DECIMALS = ("-0.004", "12.345", "-2.5", "0.125", "1234567.891", "0", "100000", "0.5")
# A leap day, the end of a month, and days whose ISO week belongs to another year.
DATES = ("2024-01-31", "2021-01-01", "2024-02-29", "2024-12-31")
_TIMES = ("00:00:00", "23:59:59")
A_FREE_TEXT = "b a B a"
_TEXTS = ("", "😀 é e\u0301 Straße İ", A_FREE_TEXT, " x\n\ny\r\nz ", "--a--b--", "one, two. Two!")
# Sorted as texts, `10` comes before `9`.
_LISTS_OF_NUMBERS: tuple[list[float], ...] = (
    [10, 9, 100, 1],
    [],
    [5],
    [-2.5, -10, 3],
    [2, 2, 1, 1],
    [0.1, 0.2, 0.3],
)
_LISTS_OF_TEXTS: tuple[list[str], ...] = (["b", "a", "B", "a"], [], ["é😀"])
# The check digit of an ISBN or ISSN may be an X, and that of others a 0.
_SAMPLES = {
    "isbn": ("0-8044-2957-X", "978-0-306-40615-7"),
    "issn": ("2434-561X",),
    "iban": ("GB82 WEST 1234 5698 7654 32", "de89370400440532013000"),
    "luhn": ("4111 1111 1111 1111", "79927398713"),
    "ean": ("4006381333931",),
    "gtin": ("00012345600012",),
}
_MOST_OF_ENUM = 16
A_LOCAL_TIME = "2024-01-31T00:00:00"
_NAMES_OF_ZONES = frozenset({"timezone", "tz", "zone"})
# With offsets of half an hour or less, one of them negative.
_ZONES = ("Europe/London", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe")
# A year in which most zones that have daylight saving time change their clocks twice.
_YEAR = 2024


def telling_values(document: Document, schema: Mapping[str, Any], name: str = "") -> list[Any]:
    """Return the telling values that a schema accepts, the most telling first."""
    kept: dict[str, Any] = {}
    free = kind_of_value(schema) == "string" and not schema.keys() & {"enum", "pattern"}
    named = _ZONES if free and _NAMES_OF_ZONES & {*words(name), "".join(words(name))} else ()
    accepts = acceptor(document, schema)
    for value in (*named, *_candidates(document, schema)):
        if accepts(value):
            kept.setdefault(json.dumps(value), value)
    return list(kept.values())


def samples(named: Iterable[str]) -> list[str]:
    """Return valid identifiers of the standards that are named, with rare check characters."""
    found = {word for name in named for word in words(name)}
    return [text for standard, texts in _SAMPLES.items() if standard in found for text in texts]


def is_zone(value: Any) -> bool:
    """Whether a value is the name of a time zone (IANA) that may change its clocks."""
    return isinstance(value, str) and "/" in value and value in _zones()


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A local time that depends on the zone: one that is shown `twice`, or one that is skipped."""

    twice: bool

    def local_time(self, zone: str) -> str:
        """Return the time in a zone; an ordinary one if the zone does not change its clocks."""
        return _clock_changes(zone).get(self.twice, A_LOCAL_TIME) if zone else A_LOCAL_TIME


CLOCK_CHANGES = (ClockChange(twice=False), ClockChange(twice=True))


@cache
def _clock_changes(zone: str) -> Mapping[bool, str]:
    """Return the middle of what the clocks skip in a year, and of what they show twice."""
    place = ZoneInfo(zone)
    found: dict[bool, str] = {}
    start = datetime(_YEAR, 1, 1, tzinfo=UTC)
    for hours in range(24 * 366):
        before, after = start + timedelta(hours=hours), start + timedelta(hours=hours + 1)
        change = _offset(after, place) - _offset(before, place)
        if change:
            minutes = (before + timedelta(minutes=number) for number in range(61))
            moment = next(m for m in minutes if _offset(m, place) == _offset(after, place))
            local = moment + _offset(before, place) + change / 2
            found.setdefault(change < timedelta(0), f"{local:%Y-%m-%dT%H:%M:%S}")
    return found


def _offset(moment: datetime, place: ZoneInfo) -> timedelta:
    return moment.astimezone(place).utcoffset() or timedelta(0)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _candidates(document: Document, schema: Mapping[str, Any]) -> Iterator[Any]:
    if may_be_null(schema):
        yield None
    if schema.get("enum"):
        yield from schema["enum"][:_MOST_OF_ENUM]
        return
    bounds = [schema[key] for key in ("minimum", "maximum") if key in schema]
    match kind_of_value(schema):
        case "boolean":
            yield from (True, False)
        case "integer":
            yield from (*bounds, *_INTEGERS)
        case "number":
            yield from (*_NUMBERS, *bounds)
        case "array":
            yield from _lists(flat(document, schema.get("items", {})))
        case "string":
            yield from _texts(schema)


def _lists(items: Mapping[str, Any]) -> Iterator[Any]:
    kind = kind_of_value(items)
    if items.get("enum"):
        yield from ([each] for each in items["enum"][:_MOST_OF_ENUM])
        yield items["enum"][-2:][::-1]
    elif kind in ("number", "integer"):
        yield from _LISTS_OF_NUMBERS
    elif kind == "string":
        yield from ([each] for each in _texts(items))
        yield from _LISTS_OF_TEXTS


def _texts(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield texts of all forms; those of other forms are not accepted by a schema with one."""
    limited = bool(schema.keys() & {"pattern", "format"})
    if limited:
        yield from _DECIMALS
        yield from DATES
        for time in _TIMES:
            yield from (f"{day}T{time}{zone}" for day in DATES[:2] for zone in ("", "Z"))
    else:
        yield from _TEXTS
