"""The items of streams: events, JSON texts one after the other, and parts that replace others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lockstep.transport.streams import EVENT_STREAM, bare, is_json_sequence

# Only these end a line of an event stream (HTML Living Standard, 9.2.5).
_LINE = re.compile(r"\r\n|\r|\n")
_SEPARATOR = re.compile(r"[\n\x1e]")
# What servers call an event that says no more than that they are still there.
_HEARTBEAT = re.compile(r"(ping|pong|heart-?_?beat|keep-?_?alive|noop|no-op)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Event:
    """One block of an event stream; `data` is `None` if it only sets the others."""

    type: str | None = None
    id: str | None = None
    retry: str | None = None
    data: str | None = None

    @property
    def is_heartbeat(self) -> bool:
        """Whether it says no more than that the stream goes on."""
        return _HEARTBEAT.fullmatch(self.type or "") is not None

    @property
    def members(self) -> dict[str, Any]:
        """The event as OpenAPI 3.2 (4.14.3.2) has it judged: what it does not say is left out."""
        told = {"event": self.type, "id": self.id, "data": self.data}
        found: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
        return found | ({"retry": int(self.retry)} if self.retry is not None else {})


def parse_events(text: str) -> list[Event]:
    """The events of a stream (HTML Living Standard, 9.2.6); one that no empty line ends is none."""
    found: list[Event] = []
    told: dict[str, str] = {}
    for line in _LINE.split(text.removeprefix("\ufeff")):
        if not line:
            if told.keys() - {"event"}:
                event, data = told.get("event") or None, told.get("data")
                found.append(Event(event, told.get("id"), told.get("retry"), data))
            told = {}
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data" and "data" in told:
            told["data"] += "\n" + value
        elif (
            name in ("data", "event")
            or (name == "id" and "\0" not in value)
            or (name == "retry" and value.isascii() and value.isdigit())
        ):
            told[name] = value
    return found


def parse_lines(text: str, *, cut: bool = False) -> list[str]:
    """The texts of a JSON sequence: those of JSON lines, or those of RFC 7464.

    Of one that was `cut` the last text does not count unless its line has ended.
    """
    lines = _SEPARATOR.split(text.removeprefix("\ufeff"))
    return [line.strip() for line in (lines[:-1] if cut else lines) if line.strip()]


def judged_items(content_type: str | None, body: bytes, *, cut: bool = False) -> Iterator[Any]:
    """The items of a sequence as the document's `itemSchema` has them; nothing of other bodies.

    `ValueError` for one that cannot be read.
    """
    if bare(content_type) == EVENT_STREAM:
        # Of a stream that was cut the last character may be, too.
        text = body.decode("utf-8", "ignore" if cut else "strict")
        yield from (each.members for each in parse_events(text) if each.data is not None)
    elif is_json_sequence(content_type):
        text = body.decode("utf-8", "ignore" if cut else "strict")
        yield from map(json.loads, parse_lines(text, cut=cut))


def common(
    left: Sequence[Any], right: Sequence[Any], cut: tuple[bool, bool]
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Both sides as far as both were read, where the shorter one was `cut`; else as they are."""
    shorter_is_cut = cut[0] if len(left) < len(right) else cut[1]
    if len(left) == len(right) or not shorter_is_cut:
        return left, right
    least = min(len(left), len(right))
    return left[:least], right[:least]
