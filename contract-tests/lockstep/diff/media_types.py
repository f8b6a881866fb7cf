"""Media types and media ranges, as keys of `content` (RFC 9110, 8.3.1 and 12.5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from lockstep.diff.changes import Space


def normalised(name: str) -> str:
    """Return the canonical spelling of a media type, without the default `charset=utf-8`."""
    kind, *parameters = (part.strip() for part in name.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters if parameter)
    listed = sorted(
        (key.strip().lower(), value.strip().strip('"'))
        for key, _, value in pairs
        if not (key.strip().lower() == "charset" and value.strip().strip('"').lower() == "utf-8")
    )
    kind = "*/*" if kind == "*" else kind.lower()
    return ";".join([kind, *(f"{key}={value}" for key, value in listed)])


def covers(wide: str, narrow: str) -> bool:
    """Whether a normalised range covers another range or media type; also `a/*+json`."""
    kind, *parameters = wide.split(";")
    other, *others = narrow.split(";")
    if "*" not in kind and _charset(parameters) != _charset(others):
        return False
    return set(parameters) <= set(others) and fnmatchcase(other, kind.replace("[", "[[]"))


def _charset(parameters: Iterable[str]) -> str:
    found = (one.removeprefix("charset=") for one in parameters if one.startswith("charset="))
    return next(found, "utf-8").lower()


def closest(name: str, ranges: Iterable[str]) -> str | None:
    """Return the most specific range that covers a media type."""
    holding = [one for one in ranges if covers(one, name)]
    return max(holding, key=lambda one: (-one.count("*"), len(one)), default=None)


def space_of(old: Iterable[str], new: Iterable[str]) -> Space:
    """Return how the set of media types changed from one list of ranges to another."""
    before, after = list(old), list(new)
    wider = all(any(covers(one, other) for one in after) for other in before)
    narrower = all(any(covers(one, other) for one in before) for other in after)
    if wider and narrower:
        return Space.SAME
    return Space.WIDER if wider else Space.NARROWER if narrower else Space.OTHER


def is_form(name: str) -> bool:
    """Whether a body of this media type is a form: parts with names."""
    return name.startswith(("multipart/", "application/x-www-form-urlencoded"))


def is_opaque(name: str) -> bool:
    """Whether a body of this media type is only a string of bytes to a schema."""
    kind = name.partition(";")[0]
    structured = ("json", "xml", "yaml", "jsonl", "ndjson", "json-seq", "event-stream")
    known = kind in ("*/*", "application/*") or kind.endswith(structured)
    return not (is_form(name) or known)
