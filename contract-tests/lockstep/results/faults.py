"""Internal errors: each ends one exchange or one comparison only, and is reported."""

from __future__ import annotations

import threading
import traceback
from collections import Counter
from dataclasses import dataclass

_SHOWN = 200


class ForeseenError(Exception):
    """A failure that is not a bug in lockstep, such as an unreachable target or a failed log-in."""


class LeftOutError(Exception):
    """Skips the rest of a guarded block, for a reason that is reported elsewhere."""


class FaultLog:
    """Counts what failed because of unexpected exceptions.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        # The traceback of the first occurrence of each fault, for debugging.
        self.traces: dict[str, str] = {}

    def __len__(self) -> int:
        return self._seen.total()

    def about(self, what: str) -> Guard:
        """Return a context manager that logs unexpected exceptions; `what` names the consequence.

        `ForeseenError` propagates to the caller that handles it.
        """
        return Guard(self, what)

    def note(self, what: str, error: Exception) -> None:
        """Count a fault; `what` is a clause such as `the answers to GET /a cannot be compared`."""
        sentence = f"{what}: {one_line(error)}"
        with self._lock:
            self._seen[sentence] += 1
            if sentence not in self.traces:
                self.traces[sentence] = "".join(traceback.format_exception(error))

    def sentences(self) -> list[str]:
        """Return each fault once, with its number of occurrences."""
        with self._lock:
            return [f"{one}{_times(number)}" for one, number in self._seen.items()]


@dataclass(frozen=True, slots=True)
class Guard:
    """A context manager for a block that may fail without ending the run."""

    log: FaultLog
    what: str

    def __enter__(self) -> None:
        """Enter the block."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object
    ) -> bool:
        """Log and suppress unexpected exceptions; suppress `LeftOutError` without logging it."""
        if isinstance(error, ForeseenError) or not isinstance(error, Exception):
            return False
        if not isinstance(error, LeftOutError):
            self.log.note(self.what, error)
        return True


def one_line(error: BaseException) -> str:
    """Return an exception as a single line."""
    said = " ".join(str(error).split())[:_SHOWN]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _times(number: int) -> str:
    return f" ({number:,} times)" if number > 1 else ""
