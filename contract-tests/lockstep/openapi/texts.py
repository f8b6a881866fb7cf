"""Values as they are written outside of JSON: in headers, and one after the other in streams."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

from lockstep.openapi.media import is_json_sequence

# Only these end a line of an event stream (HTML Living Standard, 9.2.5).
_LINE = re.compile(r"\r\n|\r|\n")


def readings(value: str, types: Collection[str] = (), *, explode: bool = False) -> Iterator[Any]:
    """What a text may stand for: itself, JSON, and the lists and objects of the style `simple`.

    Those are `a,b` and `name,value`, or `name=value` where the style says `explode` (RFC 6570,
    3.2.2).
    """
    yield value
    with suppress(ValueError, RecursionError):
        yield json.loads(value)
    parts = [part.strip() for part in value.split(",")] if value.strip() else []
    if "array" in types:
        yield parts
        yield [_scalar(part) for part in parts]
    if "object" in types:
        named = [part.partition("=")[::2] for part in parts]
        listed = [pair for at, pair in enumerate(pairwise(parts)) if at % 2 == 0]
        for pairs in (named, listed) if explode else (listed, named):
            yield dict(pairs)
            yield {name: _scalar(text) for name, text in pairs}


def items(content_type: str | None, body: bytes) -> Iterator[Any]:
    """The items of a sequence: JSON texts on lines of their own, or events of a stream.

    Nothing for other media types; `ValueError` for an item that cannot be read.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    text = body.decode("utf-8-sig")
    if media_type == "text/event-stream":
        yield from _events(text)
    elif is_json_sequence(media_type):
        for line in re.split(r"[\n\x1e]", text):
            if line.strip():
                yield json.loads(line)


def _events(text: str) -> Iterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    # An event that no empty line ends was cut off.
    for line in _LINE.split(text):
        if not line:
            if "data" in event:
                yield event
            event = {}
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data" and "data" in event:
            event["data"] += "\n" + value
        elif name == "retry" and value.isdecimal():
            event["retry"] = int(value)
        elif name in ("data", "event", "id"):
            event[name] = value


def _scalar(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, dict | list) else value
