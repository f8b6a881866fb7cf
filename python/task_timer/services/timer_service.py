"""The timer: the one running time entry of a user. It uses the clock of the database."""

from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, cast, func, select, update

from ..db import OvertakenError, connection, immediate, transactional
from ..models import TIME_ENTRY_COLUMNS, Task, TimeEntry, TimeEntryRow
from ..models.base import MILLISECONDS
from ..utils.errors import TimerAlreadyRunningError, TimerNotRunningError
from .task_service import lock_task
from .time_entry_service import TimeEntryFields, insert_time_entry

_NOW: ColumnElement[datetime] = cast(func.now(), MILLISECONDS)
_IS_RUNNING = (TimeEntry.user_id == bindparam("user_id"), TimeEntry.end_time.is_(None))
_RUNNING = select(TimeEntry.id, *TIME_ENTRY_COLUMNS).where(*_IS_RUNNING)
_RUNNING_LOCKED = (
    select(TimeEntry.id)
    .join(Task, Task.id == TimeEntry.task_id)
    .where(*_IS_RUNNING)
    .with_for_update(of=Task)
)
_STOP = (
    update(TimeEntry)
    .where(TimeEntry.id == bindparam("entry_id"), TimeEntry.end_time.is_(None))
    .values(end_time=func.greatest(_NOW, TimeEntry.start_time))
    .returning(*TIME_ENTRY_COLUMNS)
)


@immediate
def get_timer(user_id: str) -> TimeEntryRow:
    """Returns the user's running time entry. Raises TimerNotRunningError."""
    row = connection().execute(_RUNNING, {"user_id": user_id}).first()
    if row is None:
        raise TimerNotRunningError
    return TimeEntryRow(*row)


@transactional
def start_timer(user_id: str, task_id: str, note: str | None, stop_previous: bool) -> TimeEntryRow:
    """Creates a running time entry that starts now; a running one is stopped at the same instant.

    Raises TaskNotFoundError, TimeEntryOverlapError or, unless `stop_previous`,
    TimerAlreadyRunningError.
    """
    lock_task(user_id, task_id)
    previous = _stop(user_id) if stop_previous else None
    start_time = previous.end_time if previous else None
    fields = TimeEntryFields(start_time or _now(), end_time=None, note=note)
    try:
        return insert_time_entry(user_id, task_id, fields)
    except TimerAlreadyRunningError as error:
        if stop_previous:
            raise OvertakenError(error) from error
        raise


@transactional
def stop_timer(user_id: str) -> TimeEntryRow:
    """Stops the running time entry now, or at its start if that is later.

    Raises TimerNotRunningError.
    """
    entry = _stop(user_id)
    if entry is None:
        raise TimerNotRunningError
    return entry


def _now() -> datetime:
    return connection().execute(select(_NOW)).scalar_one()


def _stop(user_id: str) -> TimeEntryRow | None:
    entry_id = connection().execute(_RUNNING_LOCKED, {"user_id": user_id}).scalar()
    if entry_id is None:
        return None
    row = connection().execute(_STOP, {"entry_id": entry_id}).one_or_none()
    return None if row is None else TimeEntryRow(entry_id, *row)
