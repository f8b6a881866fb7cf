"""The view of tasks with the time tracked on them."""

from collections.abc import Sequence

from alembic import op

revision: str = "0002_tracked_tasks"
down_revision: str | None = "0001_initial"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# A subquery and not a join: it is run for the rows of a page, and not for all that are sorted.
TRACKED_TASKS = """
CREATE VIEW tracked_tasks AS
SELECT id, user_id, title, description, status, tags, due_at, created_at, updated_at, coalesce((
    SELECT sum(duration) FROM time_entries WHERE task_id = tasks.id AND end_time IS NOT NULL
), 0)::bigint AS tracked_seconds
FROM tasks
"""


def upgrade() -> None:
    """Make the view."""
    op.execute(TRACKED_TASKS)


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP VIEW tracked_tasks")
