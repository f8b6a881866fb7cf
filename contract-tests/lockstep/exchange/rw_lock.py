"""A lock against races between workers that could end differently on two targets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})


class ReadWriteLock:
    """Lets exchanges with safe methods pass in parallel, and others one at a time.

    Otherwise a write of one worker could precede another worker's read on one target and follow it
    on the other: a difference that is not the fault of any target. Waiting writers take precedence
    over later readers.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._reading = 0
        self._writing = False
        self._writers_waiting = 0

    @contextmanager
    def passing(self, method: str) -> Iterator[None]:
        """Hold the lock for an exchange with this method, for the duration of the block."""
        if method in _SAFE:
            with self._condition:
                self._condition.wait_for(lambda: not (self._writing or self._writers_waiting))
                self._reading += 1
        else:
            with self._condition:
                self._writers_waiting += 1
                self._condition.wait_for(lambda: not (self._writing or self._reading))
                self._writers_waiting -= 1
                self._writing = True
        try:
            yield
        finally:
            with self._condition:
                if method in _SAFE:
                    self._reading -= 1
                else:
                    self._writing = False
                self._condition.notify_all()
