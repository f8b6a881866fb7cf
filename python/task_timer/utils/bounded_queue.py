"""A bounded queue for work that takes much memory and a processor."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Semaphore
from typing import Any, ParamSpec, TypeVar

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
        self._turns: set[Future[Any]] = set()

    def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs work when its turn has come. Raises OverloadedError if there is none in time."""
        if not self._places.acquire(blocking=False):
            raise OverloadedError
        try:
            turn = self._threads.submit(work, *args, **kwargs)
            self._turns.add(turn)
            wait([turn], self._seconds)
            self._turns.discard(turn)
            # What runs already cannot be cancelled.
            if turn.cancel():
                raise OverloadedError
            return turn.result()
        finally:
            self._places.release()

    def load(self) -> tuple[int, int]:
        """Returns how many pieces of work run, and how many wait."""
        turns = [turn for turn in list(self._turns) if not turn.done()]
        running = sum(turn.running() for turn in turns)
        return running, len(turns) - running
