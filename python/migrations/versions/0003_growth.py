"""Indexes on the times of what grows: for prune, the list of users, and reports."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003_growth"
down_revision: str | None = "0002_tracked_tasks"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEXES = {
    "users": ["created_at", "id"],
    "time_entries": ["user_id", "end_time"],
    "refresh_tokens": ["expires_at"],
    "idempotency_records": ["created_at"],
    "rate_limits": ["window_ends_at"],
}
REVOKED = "sessions_revoked"


def upgrade() -> None:
    """Make the indexes, without locking the tables against writes."""
    with op.get_context().autocommit_block():
        for table, columns in INDEXES.items():
            _create(_name(table, columns), table, columns)
        _create(REVOKED, "sessions", ["revoked_at"], sa.text("revoked_at IS NOT NULL"))


def downgrade() -> None:
    """Drop them."""
    with op.get_context().autocommit_block():
        op.drop_index(REVOKED, "sessions", postgresql_concurrently=True)
        for table, columns in INDEXES.items():
            op.drop_index(_name(table, columns), table, postgresql_concurrently=True)


def _create(name: str, table: str, columns: list[str], where: sa.TextClause | None = None) -> None:
    # An interrupted attempt leaves an invalid index behind.
    op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
    op.create_index(name, table, columns, postgresql_concurrently=True, postgresql_where=where)


def _name(table: str, columns: list[str]) -> str:
    return f"{table}_{'_'.join(columns)}_idx"
