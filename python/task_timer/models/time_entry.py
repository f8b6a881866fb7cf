"""Table time_entries."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ..utils.identifiers import new_id
from .base import Base, CreatedAt, Id, Instant, UpdatedAt

DURATION = "floor(EXTRACT(epoch FROM (end_time - start_time)))::bigint"
ONE_RUNNING = "time_entries_one_running"
TRACKED, LONG = "time_entries_tracked", "time_entries_long"
# A report looks so far back for entries that reach into it, and for those that are longer apart.
LONG_SECONDS = 86400


class TimeEntry(Base):
    """An interval of time spent on a task; without `end_time` it is running.

    `duration` is in seconds, truncated, and null while the entry is running.
    """

    __tablename__ = "time_entries"
    __table_args__ = (
        CheckConstraint("end_time >= start_time", name="end_time"),
        Index(None, "user_id", "start_time", "id"),
        Index(None, "task_id", "start_time", "id"),
        Index(ONE_RUNNING, "user_id", unique=True, postgresql_where=text("end_time IS NULL")),
        Index(
            TRACKED,
            "task_id",
            postgresql_include=["duration"],
            postgresql_where=text("end_time IS NOT NULL"),
        ),
        Index(LONG, "user_id", "end_time", postgresql_where=text(f"duration >= {LONG_SECONDS}")),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    task_id: Mapped[Id] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    start_time: Mapped[Instant]
    end_time: Mapped[Instant | None]
    duration: Mapped[int | None] = mapped_column(BigInteger, Computed(DURATION, persisted=True))
    note: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class TimeEntryRow(NamedTuple):
    """A time entry as it is read."""

    id: str
    task_id: str
    start_time: datetime
    end_time: datetime | None
    duration: int | None
    note: str | None
    created_at: datetime
    updated_at: datetime


# All but the id, which who writes a row knows: `returning()` has types for seven columns.
TIME_ENTRY_COLUMNS = (
    TimeEntry.task_id,
    TimeEntry.start_time,
    TimeEntry.end_time,
    TimeEntry.duration,
    TimeEntry.note,
    TimeEntry.created_at,
    TimeEntry.updated_at,
)
