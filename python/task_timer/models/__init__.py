"""The tables and views. Alembic migrates them; services read and write them."""

from .base import Base
from .idempotency_record import IdempotencyRecord
from .rate_limit import RateLimit
from .refresh_token import RefreshToken
from .session import Session
from .task import Task
from .time_entry import TimeEntry
from .tracked_task import TrackedTask
from .user import User

__all__ = [
    "Base",
    "IdempotencyRecord",
    "RateLimit",
    "RefreshToken",
    "Session",
    "Task",
    "TimeEntry",
    "TrackedTask",
    "User",
]
