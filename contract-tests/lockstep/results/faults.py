"""Faults of lockstep's own: each ends one exchange or one judgement and is named."""

from __future__ import annotations

import threading
import traceback
from collections import Counter
from dataclasses import dataclass

_SHOWN = 200


class ForeseenError(Exception):
    """What is no fault of lockstep's: a target is gone, a user does not come in, and the like."""


class LeftOutError(Exception):
    """What is not done, for a reason that is told elsewhere: no more than the block ends."""


class FaultLog:
    """What could not be done or judged because of unexpected exceptions, and how often.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        # Of one fault of each kind where it happened: for those who debug.
        self.traces: dict[str, str] = {}

    def __len__(self) -> int:
        return self._seen.total()

    def about(self, what: str) -> Guard:
        """Let an unexpected exception end the block and nothing else; `what` says what is lost.

        `ForeseenError` goes on to whoever knows what it means.
        """
        return Guard(self, what)

    def note(self, what: str, error: Exception) -> None:
        """Count a fault; `what` is a clause such as `the answers to GET /a cannot be compared`."""
        sentence = f"{what}: {told(error)}"
        with self._lock:
            self._seen[sentence] += 1
            if sentence not in self.traces:
                self.traces[sentence] = "".join(traceback.format_exception(error))

    def sentences(self) -> list[str]:
        """Every fault once."""
        with self._lock:
            return [f"{one}{_times(number)}" for one, number in self._seen.items()]


@dataclass(frozen=True, slots=True)
class Guard:
    """A block that may fail without ending the run."""

    log: FaultLog
    what: str

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object
    ) -> bool:
        """Note an unexpected exception, and continue; what was left out only ends the block."""
        if isinstance(error, ForeseenError) or not isinstance(error, Exception):
            return False
        if not isinstance(error, LeftOutError):
            self.log.note(self.what, error)
        return True


def told(error: BaseException) -> str:
    """An exception in a line."""
    said = " ".join(str(error).split())[:_SHOWN]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _times(number: int) -> str:
    return f" ({number:,} times)" if number > 1 else ""
