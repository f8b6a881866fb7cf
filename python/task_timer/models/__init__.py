"""The tables and views, and the rows read from them. Alembic migrates them."""

from .base import Base
from .idempotency_record import IdempotencyRecord
from .last_write import LastWrite
from .rate_limit import RateLimit
from .refresh_token import RefreshToken
from .session import Session
from .task import TASK_COLUMNS, Task
from .time_entry import TIME_ENTRY_COLUMNS, TimeEntry, TimeEntryRow
from .tracked_task import TRACKED_TASK_COLUMNS, TrackedTask, TrackedTaskRow
from .user import USER_COLUMNS, User, UserRow

__all__ = [
    "TASK_COLUMNS",
    "TIME_ENTRY_COLUMNS",
    "TRACKED_TASK_COLUMNS",
    "USER_COLUMNS",
    "Base",
    "IdempotencyRecord",
    "LastWrite",
    "RateLimit",
    "RefreshToken",
    "Session",
    "Task",
    "TimeEntry",
    "TimeEntryRow",
    "TrackedTask",
    "TrackedTaskRow",
    "User",
    "UserRow",
]
