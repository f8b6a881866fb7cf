"""The budget for confirming and shrinking."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Share of all seconds that one finding may use, so that slow ones leave time for others.
_MOST_OF_ONE = 1 / 6


class Budget:
    """A budget of requests and seconds for one finding at a time, and of seconds for all."""

    def __init__(self, requests: int, seconds: float) -> None:
        self._requests = requests
        self._seconds = seconds
        self._left = 0
        self._most = seconds * _MOST_OF_ONE
        self._until = math.inf
        self._started: float | None = None

    def begin(self) -> None:
        """Reset the requests and the share of seconds for the next finding."""
        self._left = self._requests
        self._until = time.monotonic() + self._most

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the clock run for the duration of the block."""
        self._started = time.monotonic()
        try:
            yield
        finally:
            self._seconds = self._seconds_left()
            self._started = None

    def spend(self) -> None:
        """Count one request."""
        self._left -= 1

    def is_spent(self) -> bool:
        """Whether the budget for the current finding is used up."""
        own = self._left <= 0 or time.monotonic() > self._until
        return own or self._seconds_left() <= 0

    def _seconds_left(self) -> float:
        running = time.monotonic() - self._started if self._started is not None else 0.0
        return self._seconds - running
