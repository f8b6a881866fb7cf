"""Time entries: intervals of time spent on a task."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import (
    ColumnElement,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.selectable import TypedReturnsRows

from ..db import connection, immediate, transactional, violated
from ..models import TIME_ENTRY_COLUMNS, Task, TimeEntry, TimeEntryRow
from ..models.base import MILLISECONDS
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

_ORDERS = {
    sort: Order(sort, TimeEntry.start_time, TimeEntry.id) for sort in ("start_time", "-start_time")
}
_FILTERS: dict[str, ColumnElement[bool]] = {
    "task_id": TimeEntry.task_id == bindparam("task_id"),
    "running": TimeEntry.end_time.is_(None),
    "completed": TimeEntry.end_time.is_not(None),
    "started_from": TimeEntry.start_time >= bindparam("started_from"),
    "started_before": TimeEntry.start_time < bindparam("started_before"),
}
_OWN = select(TimeEntry.id, *TIME_ENTRY_COLUMNS).where(
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
_ENDLESS = literal_column("'infinity'", MILLISECONDS)
_LAST_BEFORE = (
    select(TimeEntry.end_time)
    .where(
        TimeEntry.task_id == bindparam("task_id"),
        TimeEntry.id != bindparam("entry_id"),
        TimeEntry.start_time < func.coalesce(bindparam("end_time", type_=MILLISECONDS), _ENDLESS),
        TimeEntry.end_time.is_distinct_from(TimeEntry.start_time),
    )
    .order_by(TimeEntry.start_time.desc(), TimeEntry.id.desc())
    .limit(1)
)
_INSERT = insert(TimeEntry).returning(*TIME_ENTRY_COLUMNS)


@dataclass(frozen=True, slots=True)
class TimeEntryFields:
    """`[start_time, end_time)`; without an end the entry is running."""

    start_time: datetime
    end_time: datetime | None
    note: str | None


class TimeEntryChanges(TypedDict, total=False):
    """The changes to a time entry; a missing key leaves a property unchanged."""

    start_time: datetime
    end_time: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True)
class TimeEntryFilter:
    """The filters and the order of a list of time entries; None does not filter."""

    sort: str
    limit: int
    task_id: str | None = None
    running: bool | None = None
    started_from: datetime | None = None
    started_before: datetime | None = None
    cursor: str | None = None


@immediate
def list_time_entries(user_id: str, filters: TimeEntryFilter) -> Page[TimeEntryRow]:
    """Returns the user's time entries that match all given filters. Raises InvalidCursorError."""
    order = _ORDERS[filters.sort]
    values = {
        name: getattr(filters, name) for name in ("task_id", "started_from", "started_before")
    }
    named: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    states = {None: (), True: ("running",), False: ("completed",)}
    given = frozenset((*named, *states[filters.running]))

    def fetch(place: str, position: dict[str, Any]) -> list[TimeEntryRow]:
        statement = _list_statement(order, place, given)
        parameters = named | position | {"user_id": user_id}
        return [TimeEntryRow(*row) for row in connection().execute(statement, parameters).all()]

    return take_page(order, filters.limit, filters.cursor, fetch)


@immediate
def list_task_time_entries(
    user_id: str, task_id: str, filters: TimeEntryFilter
) -> Page[TimeEntryRow]:
    """Returns the time entries of one task. Raises TaskNotFoundError or InvalidCursorError."""
    find_task(user_id, task_id)
    return list_time_entries(user_id, replace(filters, task_id=task_id))


@transactional
def create_time_entry(user_id: str, task_id: str, fields: TimeEntryFields) -> TimeEntryRow:
    """Creates a time entry; without an `end_time` it is running.

    Raises TaskNotFoundError, InvalidIntervalError, TimeEntryOverlapError or
    TimerAlreadyRunningError.
    """
    lock_task(user_id, task_id)
    return insert_time_entry(user_id, task_id, fields)


@immediate
def get_time_entry(user_id: str, entry_id: str) -> TimeEntryRow:
    """Returns one of the user's time entries. Raises TimeEntryNotFoundError."""
    row = connection().execute(_OWN, {"entry_id": entry_id, "user_id": user_id}).first()
    if row is None:
        raise TimeEntryNotFoundError
    return TimeEntryRow(*row)


@transactional
def update_time_entry(
    user_id: str,
    entry_id: str,
    changes: TimeEntryChanges,
    check: Callable[[TimeEntryRow], None],
) -> TimeEntryRow:
    """Updates the given properties; `check` receives the current entry.

    Raises TimeEntryNotFoundError and what `create_time_entry` raises.
    """
    entry = _lock_time_entry(user_id, entry_id)
    check(entry)
    start_time = changes.get("start_time", entry.start_time)
    end_time = changes.get("end_time", entry.end_time)
    _check_interval(entry.id, entry.task_id, start_time, end_time)
    statement = (
        update(TimeEntry)
        .where(TimeEntry.id == entry_id)
        .values(**changes)
        .returning(*TIME_ENTRY_COLUMNS)
    )
    try:
        return TimeEntryRow(entry_id, *connection().execute(statement).one())
    except IntegrityError as error:
        raise _domain_error(error) from error


@transactional
def delete_time_entry(
    user_id: str, entry_id: str, check: Callable[[TimeEntryRow], None] | None
) -> None:
    """Deletes a time entry; `check` receives the current entry. Raises TimeEntryNotFoundError."""
    entry = _lock_time_entry(user_id, entry_id)
    if check is not None:
        check(entry)
    connection().execute(delete(TimeEntry).where(TimeEntry.id == entry_id))


def insert_time_entry(user_id: str, task_id: str, fields: TimeEntryFields) -> TimeEntryRow:
    """Stores a new entry of a task that is locked. Raises what `create_time_entry` raises."""
    entry_id = new_id()
    _check_interval(entry_id, task_id, fields.start_time, fields.end_time)
    values = {
        "id": entry_id,
        "user_id": user_id,
        "task_id": task_id,
        "start_time": fields.start_time,
        "end_time": fields.end_time,
        "note": fields.note,
    }
    try:
        return TimeEntryRow(entry_id, *connection().execute(_INSERT, values).one())
    except IntegrityError as error:
        raise _domain_error(error) from error


def _lock_time_entry(user_id: str, entry_id: str) -> TimeEntryRow:
    named = {"entry_id": entry_id, "user_id": user_id}
    if connection().execute(_LOCK_TASK_OF, named).first() is None:
        raise TimeEntryNotFoundError
    return get_time_entry(user_id, entry_id)


@functools.cache
def _list_statement(
    order: Order, place: str, given: frozenset[str]
) -> TypedReturnsRows[
    str, str, datetime, datetime | None, int | None, str | None, datetime, datetime
]:
    conditions = [condition for name, condition in _FILTERS.items() if name in given]
    own = select(TimeEntry.id, *TIME_ENTRY_COLUMNS).where(
        TimeEntry.user_id == bindparam("user_id"), *conditions
    )
    return order.arrange(own, place)


def _check_interval(
    entry_id: str, task_id: str, start_time: datetime, end_time: datetime | None
) -> None:
    if end_time is not None and end_time < start_time:
        raise InvalidIntervalError
    if start_time == end_time:
        return
    # The others do not overlap each other, so only the last to begin before the end can overlap.
    named = {"task_id": task_id, "entry_id": entry_id, "end_time": end_time}
    last = connection().execute(_LAST_BEFORE, named).first()
    if last is not None and (last.end_time is None or last.end_time > start_time):
        raise TimeEntryOverlapError


def _domain_error(error: IntegrityError) -> Exception:
    return TimerAlreadyRunningError() if violated(error) == ONE_RUNNING else error
