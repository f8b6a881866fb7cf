"""Reads from the replica of the database, as soon as that has all that the user has written.

Positions are those of the primary's write-ahead log, in bytes. After each change of a user's data
that of the primary is stored; a replica that has replayed the log up to there shows the change.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from sqlalchemy import text

from ..current import resources
from ..db import answered_within, connection, immediate
from ..outages import Outage, outage_of
from ..replica import BEHIND, UNAVAILABLE, Replica

R = TypeVar("R")

# Of several changes at once the last to be stored is the furthest.
_NOTE = text("""
    INSERT INTO last_writes (user_id, position)
    SELECT id, pg_current_wal_insert_lsn() - '0/0' FROM users WHERE id = :user_id FOR KEY SHARE
    ON CONFLICT (user_id) DO UPDATE SET position = pg_current_wal_insert_lsn() - '0/0'
""")
# A database that was restored elsewhere has positions of another log.
_NEEDED = text("""
    SELECT current, least(current, coalesce(
        (SELECT position FROM last_writes WHERE user_id = CAST(:user_id AS uuid)), 0
    )) AS own
    FROM (
        SELECT CAST(CASE
            WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
            ELSE pg_current_wal_insert_lsn()
        END - '0/0' AS bigint) AS current
    ) AS log
""")
_REPLAYED = text("SELECT CAST(pg_last_wal_replay_lsn() - '0/0' AS bigint)")


class Needed(NamedTuple):
    """Positions: where the primary is, and where it was after the user's latest change."""

    current: int
    own: int


@immediate
def note_write(user_id: str) -> None:
    """Stores how far a replica has to be for the user to see what was changed until now."""
    connection().execute(_NOTE, {"user_id": user_id})


def read(user_id: str, work: Callable[[], R], tell: Callable[[str], None]) -> R:
    """Runs what only reads: on the replica if that has what the user has written.

    Tells where it was read, or why not on the replica.
    """
    replica = resources().replica
    if replica is None:
        return work()
    if not replica.is_worth_a_try():
        tell(replica.state)
        return work()
    needed = _position(user_id)
    outcome: list[R] = []
    source = _attempt(replica, needed, lambda: outcome.append(work()))
    tell(source)
    return outcome[0] if outcome else work()


def look() -> str | None:
    """Returns the state of the replica, if there is one."""
    replica = resources().replica
    if replica is None:
        return None
    if replica.is_worth_a_try():
        _attempt(replica, _position(None), lambda: None)
    return replica.state


@immediate
def _position(user_id: str | None) -> Needed:
    row = connection().execute(_NEEDED, {"user_id": user_id}).one()
    return Needed(*row)


def _attempt(replica: Replica, needed: Needed, work: Callable[[], None]) -> str:
    """Runs the work on the replica, if it has what is needed; returns the outcome."""
    try:
        return replica.run(lambda: _work_if_ready(replica, needed, work))
    except Exception as error:
        rules = resources().contract["x-unavailable"]
        outage = outage_of(error, rules["states"])
        # A statement that takes too long would do so on the primary.
        if outage is None or outage.sqlstate in replica.rules["raised_states"]:
            raise
        # What was replayed is in the way of what is read.
        if outage.sqlstate in rules["retried_states"]:
            return "conflict"
        replica.fails(UNAVAILABLE, outage)
        return UNAVAILABLE


def _work_if_ready(replica: Replica, needed: Needed, work: Callable[[], None]) -> str:
    with answered_within(replica.rules["timeout_ms"]):
        replayed: int | None = connection().scalar(_REPLAYED)
    if replayed is None:
        replica.fails(UNAVAILABLE, Outage("no_replica", None, None))
        return UNAVAILABLE
    if replayed < needed.current - replica.rules["lag_bytes"]:
        replica.fails(BEHIND, Outage("behind", None, None))
        return BEHIND
    replica.keeps_up()
    if replayed < needed.own:
        return "own_write"
    work()
    return "replica"
