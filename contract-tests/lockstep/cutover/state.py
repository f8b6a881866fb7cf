"""The state of a ramp, in a file that outlives the process: atomic, and used by one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from lockstep.cutover.atomic import write_atomically

VERSION = 1
Phase = Literal["ramp", "arrived", "back"]


class StateError(Exception):
    """The state file cannot be used."""


class UnderWayError(StateError):
    """Another process ramps with the same file."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event at an instant (UTC, ISO 8601), with the share at that time."""

    at: str
    percent: float
    what: str


@dataclass(slots=True)
class State:
    """The state of a ramp.

    `percent` is the share that was set last, at the step numbered `step`, from 0. `baselines` are
    the warrants of the judges at the start of the ramp, as JSON by the address of the judge.
    `report` is that of the last run.
    """

    plan: str
    phase: Phase = "ramp"
    step: int = 0
    percent: float = 0.0
    began: str = ""
    events: list[Event] = field(default_factory=list)
    baselines: dict[str, str] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)

    def note(self, what: str) -> None:
        """Add an event."""
        self.events.append(Event(now(), self.percent, what))


def now() -> str:
    """Return the current time in UTC, as ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class StateFile:
    """The state file of a ramp."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the ramp against other processes. Raises `UnderWayError` while another has it."""
        lock = FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise UnderWayError(f"{self.path}: another lockstep cutover is running") from error
        except OSError as error:
            raise StateError(f"{self.path} cannot be locked: {error}") from error
        try:
            yield
        finally:
            lock.release()

    def load(self) -> State | None:
        """Return the saved state; `None` without a file. Raises `StateError`."""
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StateError(f"{self.path} cannot be read: {error}") from error
        if not isinstance(data, dict) or data.pop("version", None) != VERSION:
            raise StateError(f"{self.path} is not of this version of lockstep cutover")
        try:
            data["events"] = [Event(**each) for each in data["events"]]
            return State(**data)
        except (KeyError, TypeError) as error:
            raise StateError(f"{self.path} is incomplete: {error}") from error

    def save(self, state: State) -> None:
        """Save the state. Raises `StateError`."""
        text = json.dumps({"version": VERSION, **asdict(state)}, indent=1, ensure_ascii=False)
        try:
            write_atomically(self.path, text + "\n")
        except OSError as error:
            raise StateError(f"{self.path} cannot be written: {error.strerror}") from error
