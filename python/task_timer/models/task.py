"""Table tasks."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ..utils.identifiers import new_id
from .base import Base, BinaryText, CreatedAt, Id, Instant, UpdatedAt


class Task(Base):
    """A task that time is tracked on."""

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'in_progress', 'completed')", name="status"),
        Index(None, "user_id", "created_at", "id"),
        Index(None, "user_id", "updated_at", "id"),
        Index(None, "user_id", "due_at", "id"),
        Index(None, "user_id", "title", "id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[BinaryText]
    description: Mapped[BinaryText | None]
    status: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(
        ARRAY(Text(collation="C")), server_default=text("'{}'::text[]")
    )
    due_at: Mapped[Instant | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


# All but the id, which who writes a row knows: `returning()` has types for seven columns.
TASK_COLUMNS = (
    Task.title,
    Task.description,
    Task.status,
    Task.tags,
    Task.due_at,
    Task.created_at,
    Task.updated_at,
)
