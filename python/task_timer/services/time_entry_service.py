"""Time entries: intervals of time spent on a task."""

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Boolean, ColumnElement, Row, Select, bindparam, delete, select, text, update
from sqlalchemy.exc import IntegrityError

from ..db import connection, immediate, session, transactional, violated
from ..models import Task, TimeEntry
from ..models.time_entry import ONE_RUNNING
from ..utils.errors import (
    InvalidIntervalError,
    TimeEntryNotFoundError,
    TimeEntryOverlapError,
    TimerAlreadyRunningError,
)
from ..utils.identifiers import new_id
from .paging import Order, Page, take_page
from .task_service import find_task, lock_task

T = TypeVar("T")

_ORDERS = {
    sort: Order(sort, TimeEntry.start_time, TimeEntry.id) for sort in ("start_time", "-start_time")
}
_FILTERS: dict[str, ColumnElement[bool]] = {
    "task_id": TimeEntry.task_id == bindparam("task_id"),
    "running": TimeEntry.end_time.is_(None) == bindparam("running", type_=Boolean()),
    "started_from": TimeEntry.start_time >= bindparam("started_from"),
    "started_before": TimeEntry.start_time < bindparam("started_before"),
}
_OWN = select(TimeEntry).where(
    TimeEntry.id == bindparam("entry_id"), TimeEntry.user_id == bindparam("user_id")
)
_LOCK_TASK_OF = (
    select(Task.id)
    .where(
        Task.id
        == select(TimeEntry.task_id)
        .where(TimeEntry.id == bindparam("entry_id"), TimeEntry.user_id == bindparam("user_id"))
        .scalar_subquery()
    )
    .with_for_update()
)
_OVERLAPS = text("""
    SELECT 1 FROM time_entries
    WHERE task_id = :task_id AND id <> :entry_id
        AND start_time < coalesce(CAST(:end_time AS timestamptz), 'infinity')
        AND coalesce(end_time, 'infinity') > :start_time
        AND end_time IS DISTINCT FROM start_time
    LIMIT 1
""")


@immediate
def list_time_entries(user_id: str, filters: dict[str, Any]) -> Page[Row[Any]]:
    """Lists the user's time entries that satisfy every filter given. Raises InvalidCursorError.

    filters: `task_id, running, started_from, started_before, sort, limit, cursor`.
    """
    order = _ORDERS[filters["sort"]]
    given = frozenset(_FILTERS.keys() & filters.keys())
    return take_page(
        lambda place: _list_statement(order, place, given),
        order,
        filters["limit"],
        filters.get("cursor"),
        {name: filters[name] for name in given} | {"user_id": user_id},
    )


@immediate
def list_task_time_entries(user_id: str, task_id: str, filters: dict[str, Any]) -> Page[Row[Any]]:
    """Lists the time entries of one task. Raises TaskNotFoundError or InvalidCursorError.

    filters: as for `list_time_entries`.
    """
    find_task(user_id, task_id)
    return list_time_entries(user_id, filters | {"task_id": task_id})


@transactional
def create_time_entry(user_id: str, task_id: str, values: dict[str, Any]) -> TimeEntry:
    """Makes a time entry; without an `end_time` it is running.

    values: `start_time, end_time, note`. Raises TaskNotFoundError, InvalidIntervalError,
    TimeEntryOverlapError or TimerAlreadyRunningError.
    """
    lock_task(user_id, task_id)
    return insert_time_entry(TimeEntry(id=new_id(), user_id=user_id, task_id=task_id, **values))


@immediate
def get_time_entry(user_id: str, entry_id: str) -> Row[Any]:
    """Gives one time entry of the user's. Raises TimeEntryNotFoundError."""
    named = {"entry_id": entry_id, "user_id": user_id}
    return _existing(connection().execute(_OWN, named).first())


@transactional
def update_time_entry(
    user_id: str, entry_id: str, changes: dict[str, Any], check: Callable[[TimeEntry], None]
) -> TimeEntry:
    """Changes what is named and leaves the rest; `check` sees the entry as it is.

    Raises TimeEntryNotFoundError and what `create_time_entry` raises.
    """
    entry = _lock_time_entry(user_id, entry_id)
    check(entry)
    start_time = changes.get("start_time", entry.start_time)
    end_time = changes.get("end_time", entry.end_time)
    _check_interval(entry.id, entry.task_id, start_time, end_time)
    statement = update(TimeEntry).where(TimeEntry.id == entry_id).values(**changes)
    try:
        return (
            session()
            .scalars(statement.returning(TimeEntry), execution_options={"populate_existing": True})
            .one()
        )
    except IntegrityError as error:
        raise _told(error) from error


@transactional
def delete_time_entry(
    user_id: str, entry_id: str, check: Callable[[TimeEntry], None] | None
) -> None:
    """Deletes a time entry; `check` sees the entry as it is. Raises TimeEntryNotFoundError."""
    entry = _lock_time_entry(user_id, entry_id)
    if check is not None:
        check(entry)
    session().execute(delete(TimeEntry).where(TimeEntry.id == entry_id))


def insert_time_entry(entry: TimeEntry) -> TimeEntry:
    """Stores a new entry of a task that is locked. Raises what `create_time_entry` raises."""
    _check_interval(entry.id, entry.task_id, entry.start_time, entry.end_time)
    session().add(entry)
    try:
        session().flush()
    except IntegrityError as error:
        raise _told(error) from error
    return entry


def _lock_time_entry(user_id: str, entry_id: str) -> TimeEntry:
    named = {"entry_id": entry_id, "user_id": user_id}
    if session().scalar(_LOCK_TASK_OF, named) is None:
        raise TimeEntryNotFoundError
    return _existing(session().scalar(_OWN, named))


def _existing(entry: T | None) -> T:
    if entry is None:
        raise TimeEntryNotFoundError
    return entry


@functools.cache
def _list_statement(order: Order, place: str, given: frozenset[str]) -> Select[TimeEntry]:
    conditions = [condition for name, condition in _FILTERS.items() if name in given]
    own = select(TimeEntry).where(TimeEntry.user_id == bindparam("user_id"), *conditions)
    return order.arrange(own, place)


def _check_interval(
    entry_id: str, task_id: str, start_time: datetime, end_time: datetime | None
) -> None:
    if end_time is not None and end_time < start_time:
        raise InvalidIntervalError
    if start_time == end_time:
        return
    interval = {"start_time": start_time, "end_time": end_time}
    others = session().execute(_OVERLAPS, {"task_id": task_id, "entry_id": entry_id, **interval})
    if others.first():
        raise TimeEntryOverlapError


def _told(error: IntegrityError) -> Exception:
    return TimerAlreadyRunningError() if violated(error) == ONE_RUNNING else error
