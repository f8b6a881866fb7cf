"""Rate limits: fixed windows of one minute that start at the first request."""

import hashlib
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from sqlalchemy import Integer, bindparam, case, cast, extract, func, literal, select, text
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.sql.dml import ReturningInsert

from ..current import context, resources, using
from ..db import connection, immediate
from ..models import RateLimit
from ..outages import outage_of
from ..utils.errors import RateLimitedError
from ..utils.logger import log_exception, logger
from . import security_trail
from .windows import WINDOW_SECONDS

if TYPE_CHECKING:
    from ..resources import Resources

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

# In the order of their keys, so that two processes do not wait for each other.
_ADD_COUNTS = text("""
    INSERT INTO rate_limits AS held (key, hits, window_ends_at)
    SELECT 'general ' || client, hits, now() + make_interval(secs => :seconds)
    FROM unnest(CAST(:clients AS text[]), CAST(:hits AS integer[])) AS counted (client, hits)
    ORDER BY client
    ON CONFLICT (key) DO UPDATE SET
        hits = CASE WHEN held.window_ends_at <= now() THEN 0 ELSE held.hits END + excluded.hits,
        window_ends_at = CASE
            WHEN held.window_ends_at <= now() THEN excluded.window_ends_at
            ELSE held.window_ends_at
        END
    RETURNING substr(key, length('general ') + 1) AS client, hits,
        CAST(extract(epoch FROM window_ends_at - now()) AS float8) AS seconds
""")


def client_of(address: str) -> str:
    """Returns the client that an address counts as: for IPv6, its /64 network."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or parsed.packed[:8].hex(":", 2) + "::/64")


def count_general(client: str) -> None:
    """Counts a request of a client, across all processes. Raises RateLimitedError.

    No request waits for the database: this process counts, and tells the others meanwhile.
    """
    held = resources()
    hits, wait, is_due = held.windows.count(client)
    if is_due and held.windows.begin_sharing():
        held.database.aside(share_counts, held)
    _judge("general", held.settings.rate_limit_per_minute, hits, wait)


def share_counts(held: "Resources") -> None:
    """Tells other processes what this one has counted, and learns the numbers of all.

    Without the database, this process counts alone, and logs that once.
    """
    windows = held.windows
    taken = windows.take()
    try:
        with using(held):
            for client, hits, seconds in _add_counts(taken):
                windows.learn(client, hits, seconds)
    except Exception as error:
        windows.give_back(taken)
        if windows.end_sharing(has_failed=True):
            _log_failure(held, error)
    else:
        if windows.end_sharing(has_failed=False):
            logger().info("limits_shared")


@immediate
def _add_counts(counted: dict[str, int]) -> list[tuple[str, int, float]]:
    named = {"clients": [*counted], "hits": [*counted.values()], "seconds": WINDOW_SECONDS}
    return [
        (client, hits, seconds)
        for client, hits, seconds in connection().execute(_ADD_COUNTS, named)
    ]


def _log_failure(held: "Resources", error: Exception) -> None:
    outage = outage_of(error, held.contract["x-unavailable"]["states"])
    if outage is None:
        log_exception("unhandled_error", error)
    else:
        logger().warning("limits_not_shared", cause=outage.cause, sqlstate=outage.sqlstate)


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
