"""The heartbeat of a process: how late its event loop is, and what is done every second."""

import asyncio
import itertools
import time
from collections.abc import Callable

BEAT_SECONDS = 0.1
BEATS_PER_SECOND = 10
# The longest delay is kept for as long, and until there is another.
BEATS_KEPT = 50


class Heartbeat:
    """Beats in the event loop, where there is one."""

    def __init__(self) -> None:
        self._actions: list[Callable[[], None]] = []
        self._latest = 0.0
        self._before = 0.0

    @property
    def lag(self) -> float:
        """The longest that the event loop was late, in seconds, within the last five to ten."""
        return max(self._latest, self._before)

    def each_second(self, action: Callable[[], None]) -> None:
        """Does something every second from now on."""
        self._actions.append(action)

    async def run(self) -> None:
        """Beats until it is cancelled."""
        for beats in itertools.count(1):
            due = time.monotonic() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            self.beat(beats, time.monotonic() - due)

    def beat(self, beats: int, late: float) -> None:
        """Notes how many seconds a beat was late, and does what is due with it."""
        self._latest = max(self._latest, late)
        if beats % BEATS_KEPT == 0:
            self._before, self._latest = self._latest, 0.0
        if beats % BEATS_PER_SECOND == 0:
            for action in self._actions:
                action()


# One for the process, as its event loop is: the server lets it beat, whatever the application.
heartbeat = Heartbeat()
