"""Rate limits: fixed windows of one minute that start at the first request."""

import hashlib
import math
import threading
import time
from datetime import timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import Integer, bindparam, case, cast, extract, func, literal, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.sql.dml import ReturningInsert

from ..current import context, resources
from ..db import connection, immediate
from ..models import RateLimit
from ..utils.errors import RateLimitedError
from . import security_trail

WINDOW_SECONDS = 60

_IS_OVER = RateLimit.window_ends_at <= func.now()
_WAIT = cast(func.ceil(extract("epoch", RateLimit.window_ends_at - func.now())), Integer)


def _counting(statement: Insert) -> ReturningInsert[int, int]:
    """Counts a hit in the window of a key, and begins a new window after the last one."""
    return statement.on_conflict_do_update(
        index_elements=[RateLimit.key],
        set_={
            RateLimit.hits: case((_IS_OVER, 1), else_=RateLimit.hits + 1),
            RateLimit.window_ends_at: case(
                (_IS_OVER, statement.excluded.window_ends_at), else_=RateLimit.window_ends_at
            ),
        },
    ).returning(RateLimit.hits, _WAIT)


_WINDOW_END = func.now() + timedelta(seconds=WINDOW_SECONDS)
_COUNT_CREDENTIALS = _counting(insert(RateLimit).values(hits=1, window_ends_at=_WINDOW_END))
_KNOWN = select(RateLimit.key).where(RateLimit.key == bindparam("known"), ~_IS_OVER).exists()
_COUNT_STRANGER = _counting(
    insert(RateLimit).from_select(
        ["key", "hits", "window_ends_at"],
        select(bindparam("key", type_=RateLimit.key.type), literal(1), _WINDOW_END).where(~_KNOWN),
    )
)
_REMEMBER = insert(RateLimit).values(
    key=bindparam("known"),
    hits=1,
    window_ends_at=func.now() + func.make_interval(0, 0, 0, bindparam("days", type_=Integer())),
)
_REMEMBER = _REMEMBER.on_conflict_do_update(
    index_elements=[RateLimit.key],
    set_={RateLimit.window_ends_at: _REMEMBER.excluded.window_ends_at},
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


def client_of(address: str) -> str:
    """Returns whom requests from an address are counted for: in IPv6, its /64 network."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or parsed.packed[:8].hex(":", 2) + "::/64")


def count_general(client: str) -> None:
    """Counts a request of a client in this process. Raises RateLimitedError."""
    hits, wait = resources().windows.count(client)
    _judge("general", resources().settings.rate_limit_per_minute, hits, wait)


@immediate
def count_credentials(client: str, operation: str) -> None:
    """Counts an attempt at an operation, across all processes. Raises RateLimitedError."""
    key = f"{operation} {client}"
    hits, wait = connection().execute(_COUNT_CREDENTIALS, {"key": key}).one()
    _judge("credentials", resources().settings.credential_limit_per_minute, hits, wait)


@immediate
def count_account(email: str) -> None:
    """Counts an attempt on an account by a client that it does not know. Raises RateLimitedError.

    email: in lower case.
    """
    named = {"key": f"account {_digest(email)}", "known": _known(email)}
    counted = connection().execute(_COUNT_STRANGER, named).first()
    if counted is not None:
        factor = resources().contract["x-account-attempts"]["factor"]
        _judge("account", factor * resources().settings.credential_limit_per_minute, *counted)


@immediate
def remember_client(email: str) -> None:
    """Makes the client known to an account that it has logged in to."""
    days = resources().contract["x-account-attempts"]["known_days"]
    connection().execute(_REMEMBER, {"known": _known(email), "days": days})


def _known(email: str) -> str:
    return f"known {_digest(email)} {context().client}"


def _digest(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()


def _judge(policy: str, limit: int, hits: int, wait: int) -> None:
    if hits > limit:
        if policy != "general":
            security_trail.record("attempts_throttled", None, RateLimitedError.code)
        raise RateLimitedError(policy, limit, WINDOW_SECONDS, max(1, wait))
