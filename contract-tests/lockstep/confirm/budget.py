"""What shrinking may still cost."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

# The part of all seconds that one finding may take: one that hangs leaves the others theirs.
_MOST_OF_ONE = 1 / 6


class Budget:
    """Requests and seconds for one finding at a time, and seconds for all of them."""

    def __init__(self, requests: int, seconds: float) -> None:
        self._requests = requests
        self._seconds = seconds
        self._left = 0
        self._most = seconds * _MOST_OF_ONE
        self._until = math.inf
        self._started: float | None = None

    def begin(self) -> None:
        """The next finding has all requests before it, and its part of the seconds."""
        self._left = self._requests
        self._until = time.monotonic() + self._most

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the clock run for as long as the block lasts."""
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
        """Whether there is nothing left for the finding at hand."""
        own = self._left <= 0 or time.monotonic() > self._until
        return own or self._seconds_left() <= 0

    def _seconds_left(self) -> float:
        running = time.monotonic() - self._started if self._started is not None else 0.0
        return self._seconds - running
