"""The timer: the one running time entry that a user may have. Its clock is the database's."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, cast, func, select, update

from ..db import OvertakenError, connection, immediate, session, transactional
from ..models import Task, TimeEntry
from ..models.base import MILLISECONDS
from ..utils.errors import TimerAlreadyRunningError, TimerNotRunningError
from ..utils.identifiers import new_id
from .task_service import lock_task
from .time_entry_service import insert_time_entry

_NOW: ColumnElement[datetime] = cast(func.now(), MILLISECONDS)
_RUNNING = select(TimeEntry).where(
    TimeEntry.user_id == bindparam("user_id"), TimeEntry.end_time.is_(None)
)
_RUNNING_LOCKED = _RUNNING.join(Task, Task.id == TimeEntry.task_id).with_for_update(of=Task)
_STOP = (
    update(TimeEntry)
    .where(TimeEntry.id == bindparam("entry_id"), TimeEntry.end_time.is_(None))
    .values(end_time=func.greatest(_NOW, TimeEntry.start_time))
    .returning(TimeEntry)
    .execution_options(populate_existing=True, synchronize_session=False)
)


@immediate
def get_timer(user_id: str) -> Row[Any]:
    """Gives the running time entry. Raises TimerNotRunningError."""
    entry = connection().execute(_RUNNING, {"user_id": user_id}).first()
    if entry is None:
        raise TimerNotRunningError
    return entry


@transactional
def start_timer(user_id: str, task_id: str, note: str | None, stop_previous: bool) -> TimeEntry:
    """Makes a running time entry that starts now; one that runs is stopped at the same instant.

    Raises TaskNotFoundError, TimeEntryOverlapError or, unless `stop_previous`,
    TimerAlreadyRunningError.
    """
    lock_task(user_id, task_id)
    previous = _stop(user_id) if stop_previous else None
    start_time = previous.end_time if previous else session().scalar(select(_NOW))
    entry = TimeEntry(
        id=new_id(), user_id=user_id, task_id=task_id, start_time=start_time, note=note
    )
    try:
        return insert_time_entry(entry)
    except TimerAlreadyRunningError as error:
        if stop_previous:
            raise OvertakenError(error) from error
        raise


@transactional
def stop_timer(user_id: str) -> TimeEntry:
    """Ends the running time entry now, or where it starts if that is later.

    Raises TimerNotRunningError.
    """
    entry = _stop(user_id)
    if entry is None:
        raise TimerNotRunningError
    return entry


def _stop(user_id: str) -> TimeEntry | None:
    running = session().scalar(_RUNNING_LOCKED, {"user_id": user_id})
    if running is None:
        return None
    return session().scalars(_STOP, {"entry_id": running.id}).one_or_none()
