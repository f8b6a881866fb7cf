"""Parses the items of streams, server-sent events and JSON sequences, and writes the latter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lockstep.transport.streams import EVENT_STREAM, bare, is_json_sequence

# The line breaks of an event stream (HTML Living Standard, 9.2.5).
_LINE = re.compile(r"\r\n|\r|\n")
_SEPARATOR = re.compile(r"[\n\x1e]")
# Common types of events that only keep the connection alive.
_HEARTBEAT = re.compile(r"(ping|pong|heart-?_?beat|keep-?_?alive|noop|no-op)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Event:
    """A block of an event stream; `data` is `None` if it only sets other fields."""

    type: str | None = None
    id: str | None = None
    retry: str | None = None
    data: str | None = None

    @property
    def is_heartbeat(self) -> bool:
        """Whether it only keeps the connection alive."""
        return _HEARTBEAT.fullmatch(self.type or "") is not None

    @property
    def members(self) -> dict[str, Any]:
        """The event as an object for `itemSchema` (OpenAPI 3.2, 4.14.3.2); only fields it has."""
        fields = {"event": self.type, "id": self.id, "data": self.data}
        found: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
        return found | ({"retry": int(self.retry)} if self.retry is not None else {})


def parse_events(text: str) -> list[Event]:
    """Parse an event stream (HTML Living Standard, 9.2.6); an incomplete last event is dropped."""
    found: list[Event] = []
    fields: dict[str, str] = {}
    for line in _LINE.split(text.removeprefix("\ufeff")):
        if not line:
            if fields.keys() - {"event"}:
                event, data = fields.get("event") or None, fields.get("data")
                found.append(Event(event, fields.get("id"), fields.get("retry"), data))
            fields = {}
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data" and "data" in fields:
            fields["data"] += "\n" + value
        elif (
            name in ("data", "event")
            or (name == "id" and "\0" not in value)
            or (name == "retry" and value.isascii() and value.isdigit())
        ):
            fields[name] = value
    return found


def parse_lines(text: str, *, cut: bool = False) -> list[str]:
    """Split a JSON sequence into JSON texts: JSON Lines, or RFC 7464.

    With `cut` the last text is dropped unless its line is complete.
    """
    lines = _SEPARATOR.split(text.removeprefix("\ufeff"))
    return [line.strip() for line in (lines[:-1] if cut else lines) if line.strip()]


def judged_items(content_type: str | None, body: bytes, *, cut: bool = False) -> Iterator[Any]:
    """Yield the items of a sequence, as described by `itemSchema`; none of any other body.

    Raise `ValueError` if an item cannot be parsed.
    """
    if bare(content_type) == EVENT_STREAM:
        # The last character of a truncated stream may be incomplete.
        text = body.decode("utf-8", "ignore" if cut else "strict")
        yield from (each.members for each in parse_events(text) if each.data is not None)
    elif is_json_sequence(content_type):
        text = body.decode("utf-8", "ignore" if cut else "strict")
        yield from map(json.loads, parse_lines(text, cut=cut))


def read_json(content_type: str | None, body: bytes) -> Any:
    """Parse JSON; a JSON sequence is the list of its items. `ValueError` if it is neither."""
    if is_json_sequence(content_type):
        return list(judged_items(content_type, body))
    return json.loads(body)


def encode_items(content_type: str, values: Sequence[Any]) -> bytes:
    """Return a JSON sequence of some values: JSON Lines, or RFC 7464."""
    start = "\x1e" if "json-seq" in bare(content_type) else ""
    texts = (json.dumps(value, ensure_ascii=False) for value in values)
    return "".join(f"{start}{text}\n" for text in texts).encode("utf-8", "surrogatepass")


def common(
    left: Sequence[Any], right: Sequence[Any], cut: tuple[bool, bool]
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Truncate both sides to the shorter one if that was `cut`; else return them unchanged."""
    shorter_is_cut = cut[0] if len(left) < len(right) else cut[1]
    if len(left) == len(right) or not shorter_is_cut:
        return left, right
    least = min(len(left), len(right))
    return left[:least], right[:least]
