"""The windows that requests are counted in: by each process itself, and by all together.

Each window lasts a minute from its first request. A process tells the others what it has counted
through the database, and learns the number of all.
"""

import math
import threading
import time
from dataclasses import dataclass
from typing import Any

WINDOW_SECONDS = 60


@dataclass(slots=True)
class Window:
    """A window of a client. reported: the requests of all processes, as far as this one knows."""

    ends_at: float
    reported: int = 0
    unreported: int = 0
    reported_at: float = -math.inf


class Windows:
    """The windows of a process, by client. rules: `x-limit-sharing` of the contract."""

    def __init__(self, limit: int, rules: dict[str, Any]) -> None:
        self._limit = limit
        self._rules = rules
        self._least = rules["share"] * limit
        self._lock = threading.Lock()
        self._held: dict[str, Window] = {}
        self._pending: set[str] = set()
        self._next_sweep = 0.0
        self._is_sharing = False
        self._has_failed = False
        self._next_try = 0.0

    def count(self, client: str) -> tuple[int, int, bool]:
        """Counts a request.

        Returns the number so far, the seconds until the window ends, and whether to tell others.
        """
        now = time.monotonic()
        with self._lock:
            if now >= self._next_sweep:
                self._sweep(now)
            window = self._held.get(client)
            if window is None or window.ends_at <= now:
                window = self._held[client] = Window(now + WINDOW_SECONDS)
            window.unreported += 1
            hits = window.reported + window.unreported
            is_of_interest = window.reported <= self._limit and hits >= self._least
            if is_of_interest:
                self._pending.add(client)
            is_due = is_of_interest and self._is_due(window, now)
            # The sum of two numbers less one of them may be more than the other.
            wait = min(math.ceil(window.ends_at - now), WINDOW_SECONDS)
            return hits, wait, is_due

    def begin_sharing(self) -> bool:
        """Returns whether counts can be shared now; if so, `end_sharing` must follow."""
        with self._lock:
            if self._is_sharing or time.monotonic() < self._next_try:
                return False
            self._is_sharing = True
            return True

    def end_sharing(self, *, has_failed: bool) -> bool:
        """Returns whether sharing counts has just begun to fail, or to work again."""
        with self._lock:
            self._is_sharing = False
            self._next_try = time.monotonic() + self._rules["seconds"] if has_failed else 0.0
            is_new, self._has_failed = has_failed != self._has_failed, has_failed
            return is_new

    def take(self) -> dict[str, int]:
        """Takes the numbers of requests to be shared, by client."""
        now = time.monotonic()
        taken = {}
        with self._lock:
            for client in self._pending:
                window = self._held.get(client)
                if window is not None and window.ends_at > now:
                    taken[client] = window.unreported
                    window.reported += window.unreported
                    window.unreported = 0
                    window.reported_at = now
            self._pending.clear()
        return taken

    def give_back(self, taken: dict[str, int]) -> None:
        """Takes back numbers that could not be shared."""
        with self._lock:
            for client, number in taken.items():
                window = self._held.get(client)
                if window is not None and window.reported >= number:
                    window.reported -= number
                    window.unreported += number
                    self._pending.add(client)

    def learn(self, client: str, hits: int, seconds: float) -> None:
        """Learns what all processes have counted, and when their window ends."""
        with self._lock:
            window = self._held.get(client)
            if window is not None:
                window.reported, window.ends_at = hits, time.monotonic() + seconds

    def _is_due(self, window: Window, now: float) -> bool:
        share: float = self._rules["share_of_rest"] * (self._limit - window.reported)
        seconds: float = self._rules["seconds"]
        return window.unreported >= share or now - window.reported_at >= seconds

    def _sweep(self, now: float) -> None:
        self._held = {key: held for key, held in self._held.items() if held.ends_at > now}
        self._next_sweep = now + WINDOW_SECONDS
