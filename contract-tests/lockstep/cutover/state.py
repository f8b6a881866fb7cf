"""How far a ramp is, in a file that outlives the process: written whole, and by one at a time."""

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
    """Another process ramps by the same file."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done, at an instant (UTC, ISO 8601), with the share then."""

    at: str
    percent: float
    what: str


@dataclass(slots=True)
class State:
    """How far a ramp is.

    `percent` is the share that was set last, at the step numbered `step`, from 0. `baselines` are
    the warrants of the judges when the ramp began, as JSON by the address of the judge. `report` is
    what the last run came to.
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
        """Keep what was done."""
        self.events.append(Event(now(), self.percent, what))


def now() -> str:
    """This instant in UTC, as ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class StateFile:
    """The file of a ramp."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from the ramp. Raises `UnderWayError` while one has it."""
        lock = FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise UnderWayError(f"{self.path}: another lockstep cutover is under way") from error
        except OSError as error:
            raise StateError(f"{self.path} cannot be locked: {error}") from error
        try:
            yield
        finally:
            lock.release()

    def load(self) -> State | None:
        """What was kept; `None` without a file. Raises `StateError`."""
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
            raise StateError(f"{self.path} is not whole: {error}") from error

    def save(self, state: State) -> None:
        """Keep it. Raises `StateError`."""
        text = json.dumps({"version": VERSION, **asdict(state)}, indent=1, ensure_ascii=False)
        try:
            write_atomically(self.path, text + "\n")
        except OSError as error:
            raise StateError(f"{self.path} cannot be written: {error.strerror}") from error
