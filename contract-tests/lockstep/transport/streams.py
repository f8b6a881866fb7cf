"""Streaming responses, which may never end: media types, limits, and boundaries of items."""

from __future__ import annotations

import re
from email.message import Message

# Long enough for an item every second, short enough for many requests in a run.
STREAM_SECONDS = 2.0
# The limits of one response whose items arrive without a pause.
STREAM_ITEMS = 2_000
STREAM_BYTES = 4 * 2**20

EVENT_STREAM = "text/event-stream"
REPLACED = "multipart/x-mixed-replace"
# Subtypes of JSON sequences (OpenAPI 3.2, 4.14.3).
SEQUENCES = frozenset({"jsonl", "x-jsonl", "ndjson", "x-ndjson", "json-seq", "json-lines"})
# The end of an event (HTML Living Standard, 9.2.5), and of a JSON text (RFC 7464, 2.2).
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r|\r\n\n|\n\r\n")
_LINE_END = re.compile(rb"\n")
_LONGEST_END = 3


def bare(content_type: str | None) -> str:
    """Return the lower-cased media type without parameters, empty without a `Content-Type`."""
    return (content_type or "").partition(";")[0].strip().lower()


def parameter(content_type: str | None, name: str) -> str:
    """Return a parameter of a media type, such as `charset`; empty if it is missing."""
    message = Message()
    message["content-type"] = content_type or ""
    found = message.get_param(name, failobj="")
    return found if isinstance(found, str) else ""


def is_json_sequence(content_type: str | None) -> bool:
    """Whether a media type is a JSON sequence, such as JSON Lines."""
    subtype = bare(content_type).rpartition("/")[2]
    return subtype in SEQUENCES or subtype.endswith("+json-seq")


def is_stream(content_type: str | None) -> bool:
    """Whether responses of a media type are sequences of items that may never end."""
    return bare(content_type) in (EVENT_STREAM, REPLACED) or is_json_sequence(content_type)


class ItemCounter:
    """Counts the items of a stream incrementally; comments count as items, too."""

    def __init__(self, content_type: str | None) -> None:
        self._end = _BLANK_LINE if bare(content_type) == EVENT_STREAM else _LINE_END
        if bare(content_type) == REPLACED:
            boundary = parameter(content_type, "boundary").removeprefix("--")
            self._end = re.compile(re.escape(f"--{boundary}".encode("latin-1", "replace")))
        self._rest = b""
        self.count = 0

    def add(self, part: bytes) -> None:
        """Add the next bytes."""
        data, last = self._rest + part, 0
        for match in self._end.finditer(data):
            self.count += 1
            last = match.end()
        kept = max(_LONGEST_END, len(self._end.pattern))
        self._rest = data[last:][-kept:]
