"""Deletes expired rows that no request can use any more."""

from sqlalchemy import text

from ..db import connection, transactional

# An access token may outlive the refresh token that came with it by at most a day.
_DELETIONS = {
    "refresh_tokens": "DELETE FROM refresh_tokens WHERE expires_at < now() - interval '1 day'",
    "sessions": """
        DELETE FROM sessions WHERE revoked_at IS NOT NULL
        OR NOT EXISTS (SELECT FROM refresh_tokens WHERE session_id = sessions.id)
    """,
    "idempotency_records": """
        DELETE FROM idempotency_records WHERE created_at < now() - make_interval(hours => :hours)
    """,
    "rate_limits": "DELETE FROM rate_limits WHERE window_ends_at <= now()",
}


@transactional
def delete_expired(idempotency_hours: int) -> dict[str, int]:
    """Deletes expired rows; returns the number of rows by table."""
    return {table: _delete(statement, idempotency_hours) for table, statement in _DELETIONS.items()}


def _delete(statement: str, hours: int) -> int:
    named = {"hours": hours} if ":hours" in statement else {}
    return connection().execute(text(statement), named).rowcount
