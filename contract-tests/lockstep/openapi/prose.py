"""What only the descriptions of a document tell: "up to 256 KiB", "at most 20 tags", an origin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SIZE = re.compile(
    r"(?<![\w.])(\d[\d,_' ]*\d|\d+)\s?(bytes?|octets?|kB|KB|KiB|MB|MiB|kilobytes?|megabytes?)\b"
)
# What a unit may mean: of kilobytes and megabytes there are two kinds.
_UNITS = {"b": (1,), "o": (1,), "k": (1000, 1024), "m": (1000**2, 1024**2)}
_BINARY = {"KiB": 1024, "MiB": 1024**2}
_COUNT = re.compile(
    r"\b(?:at most|up to|no more than|not more than|more than|at least|fewer than|less than|"
    r"maximum(?: of| is)?|minimum(?: of| is)?|max\.?|min\.?|limited to|limit (?:is|of)|exceeds?|"
    r"longer than|shorter than|beyond|within|to|and)\s(\d{1,5})\b(?![.,]\d|:)\s?([A-Za-z]*)",
    re.IGNORECASE,
)
_LARGEST = 2**21
# A URL without a path (RFC 6454, section 4): that of a web application.
_ORIGIN = re.compile(r"https?://[\w-]+(?:\.[\w-]+)*(?::\d+)?(?=/?(?:[^\w/.:-]|[.:](?:\s|$)|$))")


@dataclass(frozen=True, slots=True)
class Count:
    """A number that a sentence states as a bound, and the word after it: 20 of "20 tags"."""

    number: int
    unit: str


def sizes_in(text: str) -> list[int]:
    """Return the sizes that a text states, in bytes; both readings of kilobytes and megabytes."""
    found: dict[int, None] = {}
    for number, unit in _SIZE.findall(text):
        count = int(re.sub(r"\D", "", number))
        units = (_BINARY[unit],) if unit in _BINARY else _UNITS[unit[0].lower()]
        found |= dict.fromkeys(count * each for each in units)
    return [size for size in found if 0 < size <= _LARGEST]


def counts_in(text: str) -> Iterator[Count]:
    """Yield the numbers that a text states as bounds, except sizes in bytes."""
    seen = set()
    for number, unit in _COUNT.findall(_SIZE.sub("", text)):
        count = Count(int(number), unit.lower())
        if count not in seen and count.number > 1:
            seen.add(count)
            yield count


def origins_in(text: str) -> list[str]:
    """Return the origins that a text names."""
    return list(dict.fromkeys(_ORIGIN.findall(text)))
