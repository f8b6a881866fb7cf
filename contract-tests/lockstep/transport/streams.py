"""Answers that may never end: which they are, how long each is read, and where its items end."""

from __future__ import annotations

import re
from email.message import Message

# Long enough for what comes once a second, short enough to be asked for many times in a run.
STREAM_SECONDS = 2.0
# Where items come without a pause these bound what is kept and compared of one answer.
STREAM_ITEMS = 2_000
STREAM_BYTES = 4 * 2**20

EVENT_STREAM = "text/event-stream"
REPLACED = "multipart/x-mixed-replace"
# JSON texts one after the other (OpenAPI 3.2, 4.14.3).
_SEQUENCES = frozenset({"jsonl", "x-jsonl", "ndjson", "x-ndjson", "json-seq", "json-lines"})
# What ends an event (HTML Living Standard, 9.2.5), and a JSON text (RFC 7464, 2.2).
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r|\r\n\n|\n\r\n")
_LINE_END = re.compile(rb"\n")
_LONGEST_END = 3


def bare(content_type: str | None) -> str:
    """The lower-cased media type without its parameters, empty without one."""
    return (content_type or "").partition(";")[0].strip().lower()


def parameter(content_type: str | None, name: str) -> str:
    """A parameter of a media type, such as its `charset`; empty without it."""
    message = Message()
    message["content-type"] = content_type or ""
    found = message.get_param(name, failobj="")
    return found if isinstance(found, str) else ""


def is_json_sequence(content_type: str | None) -> bool:
    """Whether a media type is that of JSON texts one after the other, such as JSON Lines."""
    subtype = bare(content_type).rpartition("/")[2]
    return subtype in _SEQUENCES or subtype.endswith("+json-seq")


def is_stream(content_type: str | None) -> bool:
    """Whether answers of a media type are sequences of items that may go on for ever."""
    return bare(content_type) in (EVENT_STREAM, REPLACED) or is_json_sequence(content_type)


class ItemCounter:
    """Counts the items of a stream as its bytes come; comments count as items, too."""

    def __init__(self, content_type: str | None) -> None:
        self._end = _BLANK_LINE if bare(content_type) == EVENT_STREAM else _LINE_END
        if bare(content_type) == REPLACED:
            boundary = parameter(content_type, "boundary").removeprefix("--")
            self._end = re.compile(re.escape(f"--{boundary}".encode("latin-1", "replace")))
        self._rest = b""
        self.count = 0

    def add(self, part: bytes) -> None:
        """Take in the next bytes."""
        data, last = self._rest + part, 0
        for match in self._end.finditer(data):
            self.count += 1
            last = match.end()
        kept = max(_LONGEST_END, len(self._end.pattern))
        self._rest = data[last:][-kept:]
