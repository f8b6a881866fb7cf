"""Lines of a log: how they are read, what each must be, and what of them may differ."""

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
# Of a request that says that it is part of one.
_OF_A_TRACE = ["trace_id", "span_id"]
_MOST_MS = 60_000
_UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its text and, if it is an object, its fields in their order."""

    text: str
    fields: Mapping[str, Any]

    @property
    def event(self) -> str:
        """The name of what happened, empty if there is none."""
        return str(self.fields.get("event") or "")

    @property
    def request_id(self) -> str | None:
        """The id of the request that caused the line, if one did."""
        return self.fields.get("request_id")


def read_line(text: str) -> Line:
    """A line of any form."""
    try:
        fields = json.loads(text)
    except ValueError:
        fields = {}
    return Line(text, fields if isinstance(fields, dict) else {})


class LogTail:
    """Reads what is added to a file, in whole lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size

    def read(self) -> list[Line]:
        """The lines that were added since the last time."""
        with self._path.open("rb") as file:
            file.seek(self._position)
            whole, end, _ = file.read().rpartition(b"\n")
        self._position += len(whole) + len(end)
        return [read_line(text) for text in whole.decode("utf-8", "replace").splitlines()]


class LogRules:
    """What the contract says of the lines that requests cause."""

    def __init__(self, contract: Mapping[str, Any]) -> None:
        self._events: dict[str, tuple[str, list[str]]] = {
            event: (rule["level"], rule["fields"]) for event, rule in contract["x-log"].items()
        }
        for event, level in contract["x-security-events"].items():
            self._events[event] = (level, _SECURITY_FIELDS)

    def concern(self, line: Line) -> bool:
        """Whether the contract has a say: not of what a process tells of itself, if all is well."""
        alarming = line.fields.get("level") in _ALARMING
        return line.request_id is not None or line.event in self._events or alarming

    def faults(self, line: Line) -> Iterator[str]:
        """What is wrong with a line, in words."""
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
    """A line without what differs from time to time, and from runtime to runtime.

    Whether it `counts` how many statements there were: a request that met another may try again.
    """
    fields = {name: _masked(name, value) for name, value in line.fields.items()}
    if (fields.get("status") == _UNAVAILABLE or not counts) and "statements" in fields:
        # Whether the one that found no connection counts is each driver's own.
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
        return "<milliseconds>" if is_time else value
    if name in ("exception", "stack", "reason"):
        # The names of classes, files and libraries are each runtime's own.
        return f"<{type(value).__name__}>" if value else value
    return value
