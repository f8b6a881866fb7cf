"""All tables of the first version."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision: str = "0001_initial"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INSTANT = pg.TIMESTAMP(timezone=True, precision=3)
BINARY_TEXT = sa.Text(collation="C")
SET_UPDATED_AT = """
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    """Make the tables, and the trigger that keeps `updated_at`."""
    op.execute(SET_UPDATED_AT)
    _users()
    _sessions()
    _refresh_tokens()
    _tasks()
    _time_entries()
    _idempotency_records()
    _rate_limits()
    for table in ("users", "tasks", "time_entries"):
        op.execute(
            f"CREATE TRIGGER set_updated_at BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION set_updated_at()"
        )


def downgrade() -> None:
    """Drop all of it."""
    for table in (
        "rate_limits",
        "idempotency_records",
        "time_entries",
        "tasks",
        "refresh_tokens",
        "sessions",
        "users",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION set_updated_at()")


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", BINARY_TEXT, nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), server_default="user", nullable=False),
        _made("created_at"),
        _made("updated_at"),
        sa.PrimaryKeyConstraint("id", name="users_pkey"),
        sa.UniqueConstraint("email", name="users_email_key"),
        sa.CheckConstraint("role IN ('user', 'admin')", name=op.f("users_role_check")),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        _made("created_at"),
        sa.Column("revoked_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="sessions_pkey"),
        _owner("sessions", "user_id", "users"),
    )
    op.create_index("sessions_user_id_idx", "sessions", ["user_id"])


def _refresh_tokens() -> None:
    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        _made("created_at"),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="refresh_tokens_pkey"),
        sa.UniqueConstraint("token_hash", name="refresh_tokens_token_hash_key"),
        _owner("refresh_tokens", "session_id", "sessions"),
    )
    op.create_index("refresh_tokens_session_id_idx", "refresh_tokens", ["session_id"])


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("title", BINARY_TEXT, nullable=False),
        sa.Column("description", BINARY_TEXT),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "tags", pg.ARRAY(BINARY_TEXT), server_default=sa.text("'{}'::text[]"), nullable=False
        ),
        sa.Column("due_at", INSTANT),
        _made("created_at"),
        _made("updated_at"),
        sa.PrimaryKeyConstraint("id", name="tasks_pkey"),
        _owner("tasks", "user_id", "users"),
        sa.CheckConstraint(
            "status IN ('pending', 'in_progress', 'completed')", name=op.f("tasks_status_check")
        ),
    )
    for column in ("created_at", "updated_at", "due_at", "title"):
        op.create_index(f"tasks_user_id_{column}_id_idx", "tasks", ["user_id", column, "id"])


def _time_entries() -> None:
    duration = "floor(EXTRACT(epoch FROM (end_time - start_time)))::bigint"
    op.create_table(
        "time_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("start_time", INSTANT, nullable=False),
        sa.Column("end_time", INSTANT),
        sa.Column("duration", sa.BigInteger(), sa.Computed(duration, persisted=True)),
        sa.Column("note", sa.Text()),
        _made("created_at"),
        _made("updated_at"),
        sa.PrimaryKeyConstraint("id", name="time_entries_pkey"),
        _owner("time_entries", "user_id", "users"),
        _owner("time_entries", "task_id", "tasks"),
        sa.CheckConstraint("end_time >= start_time", name=op.f("time_entries_end_time_check")),
    )
    for column in ("user_id", "task_id"):
        op.create_index(
            f"time_entries_{column}_start_time_id_idx", "time_entries", [column, "start_time", "id"]
        )
    op.create_index(
        "time_entries_one_running",
        "time_entries",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("end_time IS NULL"),
    )


def _idempotency_records() -> None:
    op.create_table(
        "idempotency_records",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", BINARY_TEXT, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", pg.JSONB()),
        sa.Column("body", sa.Text()),
        _made("created_at"),
        sa.PrimaryKeyConstraint("user_id", "key", name="idempotency_records_pkey"),
        _owner("idempotency_records", "user_id", "users"),
    )


def _rate_limits() -> None:
    op.create_table(
        "rate_limits",
        sa.Column("key", BINARY_TEXT, nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("window_ends_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="rate_limits_pkey"),
    )


def _made(name: str) -> sa.Column[object]:
    return sa.Column(name, INSTANT, server_default=sa.func.now(), nullable=False)


def _owner(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{owner}.id"], name=f"{table}_{column}_fkey", ondelete="CASCADE"
    )
