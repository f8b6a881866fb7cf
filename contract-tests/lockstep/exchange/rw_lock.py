"""Keeps exchanges of several workers from racing each other differently on two targets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})


class ReadWriteLock:
    """Lets exchanges that only read pass in parallel, and one that writes pass alone.

    Else a write of one worker could come before another worker's read on one target and after it on
    the other: a difference that no target is at fault for. One who waits to write goes before those
    who come later to read.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._reading = 0
        self._writing = False
        self._writers_waiting = 0

    @contextmanager
    def passing(self, method: str) -> Iterator[None]:
        """Wait until an exchange of this method may pass; it is through when the block ends."""
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
