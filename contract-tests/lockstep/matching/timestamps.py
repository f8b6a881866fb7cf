"""Parses timestamps in the formats that servers use."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)([Tt ])(\d\d):(\d\d)(?::(\d\d)(?:([.,])(\d{1,9}))?)?"
    r"( ?(?:Z|z|UTC|GMT|[+-]\d\d:?\d\d))?"
)
_HTTP = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|UTC|[+-]\d{4})")
_EPOCH = re.compile(r"(\d{10}|\d{13}|\d{16})(\.\d+)?")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_EPOCH_UNITS = {10: 1.0, 13: 1e3, 16: 1e6}
# Some serializers drop trailing zeros of the fraction: 5 digits mean 6 digits with a zero dropped.
_PRECISIONS = (0, 3, 3, 3, 6, 6, 6, 7, 9, 9)


@dataclass(frozen=True, slots=True)
class Instant:
    """A point in time.

    `seconds` count from 1970 in UTC; a text without a time zone is read as UTC. `form` is equal for
    texts of the same format: separators, precision, offset.
    """

    seconds: float
    form: str
    zoned: bool


@lru_cache(maxsize=10_000)
def read_instant(text: str) -> Instant | None:
    """Parse an ISO 8601 timestamp with at least minutes, or an HTTP date; `None` for other text."""
    try:
        iso = _ISO.fullmatch(text)
        if iso:
            return _from_iso(iso)
        if _HTTP.fullmatch(text):
            return Instant(parsedate_to_datetime(text).timestamp(), "HTTP-date", zoned=True)
    except (ValueError, OverflowError):
        return None
    return None


def both(
    read: Callable[[str], Instant | None], left: str, right: str
) -> tuple[Instant, Instant] | None:
    """Parse two texts with `read`; return `None` unless both are instants."""
    ours, theirs = read(left), read(right)
    return None if ours is None or theirs is None else (ours, theirs)


def read_epoch(number: str) -> Instant | None:
    """Parse seconds, milliseconds or microseconds since 1970; `None` for other numbers."""
    found = _EPOCH.fullmatch(number)
    if not found:
        return None
    whole, fraction = len(found.group(1)), len(found.group(2) or "")
    form = f"epoch {whole} digits{', with a fraction' if fraction else ''}"
    return Instant(float(number) / _EPOCH_UNITS[whole], form, zoned=True)


def _from_iso(match: re.Match[str]) -> Instant:
    year, month, day, sep, hour, minute, second, point, fraction, zone = match.groups()
    offset = _OFFSET.search(zone or "")
    tz: timezone = UTC
    if offset:
        sign = -1 if offset.group(1) == "-" else 1
        tz = timezone(sign * timedelta(hours=int(offset.group(2)), minutes=int(offset.group(3))))
    parts = (int(year), int(month), int(day), int(hour), int(minute), int(second or 0))
    seconds = datetime(*parts, tzinfo=tz).timestamp() + float(f"0.{fraction or 0}")
    digits = _PRECISIONS[len(fraction or "")] if second else "no seconds"
    return Instant(seconds, f"{sep}{point or ''}{digits}{zone or ' naive'}", zone is not None)
