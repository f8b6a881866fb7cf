"""What replaced a refresh token; `updated_at` as the time of writing, which never goes back."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004_retries"
down_revision: str | None = "0003_growth"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# A transaction may have begun long before it wrote: it may have waited for a lock.
SET_UPDATED_AT = """
CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = greatest(clock_timestamp(), OLD.updated_at + interval '1 millisecond');
    RETURN NEW;
END
$$
"""
FORMER = """
CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    """Make the column, which rewrites no row, and replace the function of the triggers."""
    op.add_column("refresh_tokens", sa.Column("successor_id", sa.Uuid()))
    op.execute(SET_UPDATED_AT)


def downgrade() -> None:
    """Drop the column, and restore the function."""
    op.execute(FORMER)
    op.drop_column("refresh_tokens", "successor_id")
