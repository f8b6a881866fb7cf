"""Rate limits: fixed windows of one minute that start at the first request."""

import math
import threading
import time
from datetime import timedelta

from sqlalchemy import Integer, case, cast, extract, func
from sqlalchemy.dialects.postgresql import insert

from ..current import resources
from ..db import connection, immediate
from ..models import RateLimit
from ..utils.errors import RateLimitedError

WINDOW_SECONDS = 60

_INSERT = insert(RateLimit).values(
    hits=1, window_ends_at=func.now() + timedelta(seconds=WINDOW_SECONDS)
)
_IS_OVER = RateLimit.window_ends_at <= func.now()
_COUNT_CREDENTIALS = _INSERT.on_conflict_do_update(
    index_elements=[RateLimit.key],
    set_={
        RateLimit.hits: case((_IS_OVER, 1), else_=RateLimit.hits + 1),
        RateLimit.window_ends_at: case(
            (_IS_OVER, _INSERT.excluded.window_ends_at), else_=RateLimit.window_ends_at
        ),
    },
).returning(
    RateLimit.hits,
    cast(func.ceil(extract("epoch", RateLimit.window_ends_at - func.now())), Integer),
)


class Windows:
    """The windows of a process, by client address: the end of each, and its number of requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[float, int]] = {}
        self._next_sweep = 0.0

    def count(self, address: str) -> tuple[int, int]:
        """Counts a request; returns the number so far, and the seconds until the window ends."""
        now = time.monotonic()
        with self._lock:
            if now >= self._next_sweep:
                self._sweep(now)
            ends_at, hits = self._held.get(address, (0.0, 0))
            if ends_at <= now:
                ends_at, hits = now + WINDOW_SECONDS, 0
            self._held[address] = (ends_at, hits + 1)
        return hits + 1, math.ceil(ends_at - now)

    def _sweep(self, now: float) -> None:
        self._held = {key: held for key, held in self._held.items() if held[0] > now}
        self._next_sweep = now + WINDOW_SECONDS


def count_general(address: str) -> None:
    """Counts a request of a client in this process. Raises RateLimitedError."""
    hits, wait = resources().windows.count(address)
    _judge("general", resources().settings.rate_limit_per_minute, hits, wait)


@immediate
def count_credentials(address: str, operation: str) -> None:
    """Counts an attempt at an operation, across all processes. Raises RateLimitedError."""
    key = f"{operation} {address}"
    hits, wait = connection().execute(_COUNT_CREDENTIALS, {"key": key}).one()
    _judge("credentials", resources().settings.credential_limit_per_minute, hits, wait)


def _judge(policy: str, limit: int, hits: int, wait: int) -> None:
    if hits > limit:
        raise RateLimitedError(policy, limit, WINDOW_SECONDS, max(1, wait))
