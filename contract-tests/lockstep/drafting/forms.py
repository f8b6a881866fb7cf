"""Recognizes the formats of strings, and path segments that are identifiers."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

from lockstep.inference.forms import claims_of

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})")
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[!#$%&'()*+,\-./:;=?@\[\]_~A-Za-z0-9]+")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}")
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_BOOLEANS = frozenset({"true", "false"})
# A value that may be one of an enumeration, and is not personal data.
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_. -][A-Za-z0-9]+){0,3}")


def _is_date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None and _parses(date.fromisoformat, text)


def _is_instant(text: str) -> bool:
    return _INSTANT.fullmatch(text) is not None and _parses(datetime.fromisoformat, text.upper())


def _parses(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


FORMATS: dict[str, Callable[[str], bool]] = {
    "uuid": lambda text: _UUID.fullmatch(text) is not None,
    "date-time": _is_instant,
    "date": _is_date,
    "email": lambda text: _EMAIL.fullmatch(text) is not None and ".." not in text,
    "uri": lambda text: _URI.fullmatch(text) is not None,
    "ipv4": lambda text: _IPV4.fullmatch(text) is not None,
}


def fitting(text: str, formats: Collection[str]) -> frozenset[str]:
    """Return the formats, out of the given ones, that a text matches."""
    return frozenset(name for name in formats if FORMATS[name](text))


def text_schema(texts: Sequence[str]) -> dict[str, Any]:
    """Return the schema of values that are serialized as text: in query, header, path or form."""
    if texts and all(_INTEGER.fullmatch(text) for text in texts):
        return {"type": "integer"}
    if texts and all(_NUMBER.fullmatch(text) for text in texts):
        return {"type": "number"}
    if texts and _BOOLEANS.issuperset(texts):
        return {"type": "boolean"}
    formats: Collection[str] = FORMATS
    for text in texts:
        formats = fitting(text, formats)
    return {"type": "string", **({"format": format_name(formats)} if texts and formats else {})}


def format_name(formats: Collection[str]) -> str:
    """Return the preferred one of several matching formats."""
    return next(name for name in FORMATS if name in formats)


def is_word(text: str) -> bool:
    """Whether a text may be a value of an enumeration."""
    return len(text) <= 30 and _WORD.fullmatch(text) is not None


_DATE_OR_MONTH = re.compile(r"\d{4}-\d{2}(?:-\d{2}(?:[Tt ][\d:.,]+(?:[Zz]|[+-]\d\d:?\d\d)?)?)?")
_NUMERIC = re.compile(r"[+-]?\d+(?:[.,:_-]\d+)*")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}")
_HEX = re.compile(r"(?=(?:[^\d]*\d){2})(?=.*[a-fA-F])[0-9a-fA-F]{7,}")
_ALL_HEX = re.compile(r"[0-9a-fA-F]{32,}")
_RUN = re.compile(r"[A-Za-z0-9]{10,}")
_PREFIXED = re.compile(r"([A-Za-z]{1,12}[_:-])(?:\d+|(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{6,})")
_EXTENSION = re.compile(r"(.+)\.(?:json|xml|csv|pdf|txt|html?|ya?ml|zip|png|jpe?g)")


@lru_cache(maxsize=50_000)
def name_form(text: str) -> str:
    """Return the form of a path segment that looks like an identifier; empty if it does not.

    `integer`, `uuid`, `date`, `email`, or `made` for other generated strings. A prefixed id such as
    `task_12` is only recognized beside similar ones, see `prefix_of`.
    """
    if _INTEGER.fullmatch(text):
        return "integer"
    if FORMATS["uuid"](text):
        return "uuid"
    if _DATE_OR_MONTH.fullmatch(text):
        return "date"
    if FORMATS["email"](text):
        return "email"
    made = (
        _NUMERIC.fullmatch(text)
        or (_ULID.fullmatch(text) and any(map(str.isdigit, text)))
        or _HEX.fullmatch(text)
        or _ALL_HEX.fullmatch(text)
        or claims_of(text)
        or any(_is_mixed(run) for run in _RUN.findall(text))
        or _is_joined_id(text)
    )
    if made or (len(text) > 1 and text.startswith("@")):
        return "made"
    named = _EXTENSION.fullmatch(text)
    return "made" if named and name_form(named[1]) else ""


def prefix_of(text: str) -> str:
    """Return the prefix of a prefixed id, such as `task_`; empty for any other text."""
    found = _PREFIXED.fullmatch(text)
    return found[1] if found else ""


def _is_joined_id(text: str) -> bool:
    """Whether a text is random, with `-` and `_` in its alphabet, such as a Nano ID."""
    plain = re.sub("[-_]", "", text)
    cased = plain not in (plain.lower(), plain.upper())
    return len(plain) >= 16 and plain.isalnum() and cased and _is_mixed(plain)


def _is_mixed(run: str) -> bool:
    """Whether letters and digits alternate more often than in a word with a numeric suffix."""
    changes = sum(a.isdigit() != b.isdigit() for a, b in pairwise(run))
    swaps = sum(a.islower() and b.isupper() for a, b in pairwise(run))
    return changes >= 3 or (changes >= 2 and len(run) >= 16) or (changes >= 1 and swaps >= 3)
