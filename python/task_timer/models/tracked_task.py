"""View tracked_tasks."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from .base import VIEW, Base, BinaryText, Id, Instant


class TrackedTask(Base):
    """A task with the total duration of its completed time entries, in seconds."""

    __tablename__ = "tracked_tasks"
    __table_args__ = VIEW

    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id]
    title: Mapped[BinaryText]
    description: Mapped[BinaryText | None]
    status: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text(collation="C")))
    due_at: Mapped[Instant | None]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    tracked_seconds: Mapped[int] = mapped_column(BigInteger)


class TrackedTaskRow(NamedTuple):
    """A task as it is read, with the time tracked on it."""

    id: str
    title: str
    description: str | None
    status: str
    tags: list[str]
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    tracked_seconds: int


TRACKED_TASK_COLUMNS = (
    TrackedTask.id,
    TrackedTask.title,
    TrackedTask.description,
    TrackedTask.status,
    TrackedTask.tags,
    TrackedTask.due_at,
    TrackedTask.created_at,
    TrackedTask.updated_at,
    TrackedTask.tracked_seconds,
)
