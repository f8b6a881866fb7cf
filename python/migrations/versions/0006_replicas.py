"""The position of each user's latest change in the write-ahead log, which replicas must reach."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006_replicas"
down_revision: str | None = "0005_reads"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "last_writes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="last_writes_user_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name="last_writes_pkey"),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("last_writes")
