"""Indexes for the time tracked on a task and for reports, which read only what they add up."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005_reads"
down_revision: str | None = "0004_retries"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLE = "time_entries"
TRACKED, LONG = "time_entries_tracked", "time_entries_long"
# What the reports of the former version read.
FORMER = "time_entries_user_id_end_time_idx"


def upgrade() -> None:
    """Make the indexes, without locking the table against writes."""
    with op.get_context().autocommit_block():
        # An interrupted attempt leaves an invalid index behind.
        _drop(TRACKED)
        op.create_index(
            TRACKED,
            TABLE,
            ["task_id"],
            postgresql_include=["duration"],
            postgresql_where=sa.text("end_time IS NOT NULL"),
            postgresql_concurrently=True,
        )
        _drop(LONG)
        op.create_index(
            LONG,
            TABLE,
            ["user_id", "end_time"],
            postgresql_where=sa.text("duration >= 86400"),
            postgresql_concurrently=True,
        )
        _drop(FORMER)


def downgrade() -> None:
    """Drop them, and restore the former one."""
    with op.get_context().autocommit_block():
        _drop(FORMER)
        op.create_index(FORMER, TABLE, ["user_id", "end_time"], postgresql_concurrently=True)
        _drop(LONG)
        _drop(TRACKED)


def _drop(name: str) -> None:
    op.drop_index(name, TABLE, if_exists=True, postgresql_concurrently=True)
