"""Deletes expired rows that no request can use any more, a batch in each transaction.

A batch skips rows that are locked, so it waits for no request and for no other run.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import TextClause, text

from ..db import connection, transactional

BATCH_ROWS = 500

# An access token may outlive the refresh token that came with it by at most a day. Sessions are
# locked first: a token that is skipped for its session would stay locked, and end another run
# too early.
_EXPIRED_TOKENS = text("""
    DELETE FROM refresh_tokens WHERE ctid = ANY(ARRAY(
        SELECT refresh_tokens.ctid
        FROM sessions JOIN refresh_tokens ON session_id = sessions.id
        WHERE expires_at < now() - interval '1 day'
        ORDER BY expires_at LIMIT :rows FOR UPDATE SKIP LOCKED
    ))
    RETURNING session_id
""")
_REVOKED_SESSIONS = text("""
    SELECT id FROM sessions WHERE revoked_at IS NOT NULL
    ORDER BY revoked_at LIMIT :rows FOR UPDATE SKIP LOCKED
""")
_TOKENS_OF_SESSIONS = text("""
    DELETE FROM refresh_tokens WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM refresh_tokens WHERE session_id = ANY(CAST(:ids AS uuid[]))
        LIMIT :rows FOR UPDATE SKIP LOCKED
    ))
""")
_SESSIONS_WITHOUT_TOKENS = text("""
    DELETE FROM sessions WHERE id = ANY(CAST(:ids AS uuid[]))
        AND (SELECT id FROM refresh_tokens WHERE session_id = sessions.id LIMIT 1) IS NULL
""")
_IDEMPOTENCY_RECORDS = text("""
    DELETE FROM idempotency_records WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency_records
        WHERE created_at < now() - make_interval(hours => :hours)
        ORDER BY created_at LIMIT :rows FOR UPDATE SKIP LOCKED
    ))
""")
_RATE_LIMITS = text("""
    DELETE FROM rate_limits WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM rate_limits WHERE window_ends_at <= now()
        ORDER BY window_ends_at LIMIT :rows FOR UPDATE SKIP LOCKED
    ))
""")


def delete_expired(idempotency_hours: int) -> dict[str, int]:
    """Deletes expired rows; returns the number of rows by table."""
    counts = {"refresh_tokens": 0, "sessions": 0, "idempotency_records": 0, "rate_limits": 0}
    for delete_batch in (
        _delete_expired_tokens,
        _delete_revoked_sessions,
        lambda: _delete_idempotency_records(idempotency_hours),
        _delete_rate_limits,
    ):
        _repeat(delete_batch, counts)
    return counts


def _repeat(delete_batch: Callable[[], dict[str, int]], counts: dict[str, int]) -> None:
    deleted = delete_batch()
    while any(deleted.values()):
        for table, number in deleted.items():
            counts[table] += number
        deleted = delete_batch()


@transactional
def _delete_expired_tokens() -> dict[str, int]:
    session_ids = connection().scalars(_EXPIRED_TOKENS, {"rows": BATCH_ROWS}).all()
    sessions = _run(_SESSIONS_WITHOUT_TOKENS, ids=session_ids)
    return {"refresh_tokens": len(session_ids), "sessions": sessions}


@transactional
def _delete_revoked_sessions() -> dict[str, int]:
    session_ids = connection().scalars(_REVOKED_SESSIONS, {"rows": BATCH_ROWS}).all()
    tokens = _run(_TOKENS_OF_SESSIONS, ids=session_ids, rows=BATCH_ROWS)
    sessions = _run(_SESSIONS_WITHOUT_TOKENS, ids=session_ids)
    return {"refresh_tokens": tokens, "sessions": sessions}


@transactional
def _delete_idempotency_records(hours: int) -> dict[str, int]:
    return {"idempotency_records": _run(_IDEMPOTENCY_RECORDS, hours=hours, rows=BATCH_ROWS)}


@transactional
def _delete_rate_limits() -> dict[str, int]:
    return {"rate_limits": _run(_RATE_LIMITS, rows=BATCH_ROWS)}


def _run(statement: TextClause, **named: Any) -> int:
    return connection().execute(statement, named).rowcount
