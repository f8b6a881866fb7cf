"""A bounded queue for work that takes much memory and a processor."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Semaphore
from typing import ParamSpec, TypeVar

from .errors import OverloadedError

P = ParamSpec("P")
R = TypeVar("R")


class BoundedQueue:
    """Runs `concurrency` pieces of work at once; as many as `waiting` wait, up to `seconds`."""

    def __init__(self, concurrency: int, waiting: int, seconds: float) -> None:
        # malloc keeps what a thread has used once, so only these threads do the work.
        self._threads = ThreadPoolExecutor(concurrency)
        self._places = Semaphore(concurrency + waiting)
        self._seconds = seconds

    def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs work when its turn has come. Raises OverloadedError if there is none in time."""
        if not self._places.acquire(blocking=False):
            raise OverloadedError
        try:
            turn = self._threads.submit(work, *args, **kwargs)
            wait([turn], self._seconds)
            # What runs already cannot be cancelled.
            if turn.cancel():
                raise OverloadedError
            return turn.result()
        finally:
            self._places.release()
