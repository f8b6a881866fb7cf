"""Log lines: how they are parsed, what they must contain, and what may differ."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEAD = ("level", "time", "event", "request_id")
# The last line of each request.
FINAL = frozenset({"request", "request_refused"})
_ALARMING = frozenset({"warning", "error"})
_SECURITY_FIELDS = ["user_id", "client", "code"]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# Fields of a request that is part of a trace.
_OF_A_TRACE = ["trace_id", "span_id"]
_MOST_MS = 60_000
# Digits of milliseconds after the point.
_DIGITS = 3
_UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its text and, if it is a JSON object, its fields in order."""

    text: str
    fields: Mapping[str, Any]

    @property
    def event(self) -> str:
        """The name of the event, empty if there is none."""
        return str(self.fields.get("event") or "")

    @property
    def request_id(self) -> str | None:
        """The id of the request that caused the line, `None` without one."""
        return self.fields.get("request_id")


def read_line(text: str) -> Line:
    """Parse a line of any format."""
    try:
        fields = json.loads(text)
    except ValueError:
        fields = {}
    return Line(text, fields if isinstance(fields, dict) else {})


class LogTail:
    """Reads complete lines appended to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size

    def read(self) -> list[Line]:
        """Return the lines appended since the last call."""
        with self._path.open("rb") as file:
            file.seek(self._position)
            whole, end, _ = file.read().rpartition(b"\n")
        self._position += len(whole) + len(end)
        return [read_line(text) for text in whole.decode("utf-8", "replace").splitlines()]


class LogRules:
    """The contract's rules for the lines that requests cause."""

    def __init__(self, contract: Mapping[str, Any]) -> None:
        self._events: dict[str, tuple[str, list[str]]] = {
            event: (rule["level"], rule["fields"]) for event, rule in contract["x-log"].items()
        }
        for event, level in contract["x-security-events"].items():
            self._events[event] = (level, _SECURITY_FIELDS)

    def concern(self, line: Line) -> bool:
        """Whether the contract covers a line: not a process's own messages, unless alarming."""
        alarming = line.fields.get("level") in _ALARMING
        return line.request_id is not None or line.event in self._events or alarming

    def faults(self, line: Line) -> Iterator[str]:
        """Yield the problems of a line, as messages."""
        if tuple(line.fields)[: len(HEAD)] != HEAD:
            yield f"a line does not begin with {', '.join(HEAD)}: {line.text[:200]}"
            return
        if not _TIME.fullmatch(str(line.fields["time"])):
            yield f"{line.event} has the time {line.fields['time']}"
        if line.event not in self._events:
            yield f"there is no event {line.event}: {line.text[:200]}"
            return
        level, names = self._events[line.event]
        if line.fields["level"] != level:
            yield f"{line.event} has the level {line.fields['level']}, not {level}"
        own = [*line.fields][len(HEAD) :]
        if own[: len(_OF_A_TRACE)] == _OF_A_TRACE:
            own = own[len(_OF_A_TRACE) :]
        if own != names:
            yield f"{line.event} has the fields {', '.join(own)}, not {', '.join(names)}"


def comparable(line: Line, *, counts: bool = True) -> str:
    """Return a line without what varies between runs and runtimes.

    counts: whether to compare the number of statements, since concurrent requests may be retried.
    """
    fields = {name: _masked(name, value) for name, value in line.fields.items()}
    if (fields.get("status") == _UNAVAILABLE or not counts) and "statements" in fields:
        # Drivers differ in whether a statement without a connection counts.
        fields["statements"] = "<number>"
    return json.dumps(fields)


def _masked(name: str, value: Any) -> Any:
    if name == "time":
        return "<time>" if _TIME.fullmatch(str(value)) else value
    if name == "request_id":
        return None if value is None else "<id>"
    if name == "span_id":
        return "<id>" if value else value
    if name == "duration_ms":
        is_time = isinstance(value, int | float) and 0 <= value <= _MOST_MS
        return "<milliseconds>" if is_time and value == round(value, _DIGITS) else value
    if name in ("exception", "stack"):
        # The names of classes, files and libraries depend on the runtime.
        return f"<{type(value).__name__}>" if value else value
    return value
