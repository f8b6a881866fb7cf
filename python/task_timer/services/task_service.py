"""Tasks: what there is to be done."""

import functools
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Text,
    any_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from ..db import connection, immediate, transactional
from ..models import Task, TimeEntry
from ..models.base import IdList
from ..utils.errors import TaskNotFoundError
from ..utils.identifiers import new_id
from .paging import Order, Page, take_page


class TrackedTask(NamedTuple):
    """A task with the durations of its ended time entries added up, in seconds."""

    id: str
    title: str
    description: str | None
    status: str
    tags: list[str]
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    tracked_seconds: int


_COLUMNS = [getattr(Task, name) for name in TrackedTask._fields[:-1]]
_ORDERS = {
    sign + name: Order(sign + name, column, Task.id, nullable=column is Task.due_at)
    for name, column in {
        "created_at": Task.created_at,
        "updated_at": Task.updated_at,
        "due_at": Task.due_at,
        "title": Task.title,
    }.items()
    for sign in ("", "-")
}
_PATTERN = bindparam("q", type_=Text())
_FILTERS: dict[str, ColumnElement[bool]] = {
    "status": Task.status == bindparam("status"),
    "tag": bindparam("tag", type_=Text()) == any_(Task.tags),
    "q": or_(Task.title.ilike(_PATTERN), Task.description.ilike(_PATTERN)),
    "due_before": Task.due_at < bindparam("due_before"),
    "updated_since": Task.updated_at >= bindparam("updated_since"),
}
_SPECIAL = re.compile(r"[\\%_]")
_ESCAPED = r"\\\g<0>"
_OWN = select(*_COLUMNS).where(
    Task.id == bindparam("task_id"), Task.user_id == bindparam("user_id")
)
_OWN_LOCKED = _OWN.with_for_update()
_INSERT = insert(Task).returning(*_COLUMNS)
_SUMS = (
    select(TimeEntry.task_id, func.sum(TimeEntry.duration).label("total"))
    .where(
        TimeEntry.task_id == any_(bindparam("task_ids", type_=IdList())),
        TimeEntry.end_time.is_not(None),
    )
    .group_by(TimeEntry.task_id)
)


@immediate
def list_tasks(user_id: str, filters: dict[str, Any]) -> Page[TrackedTask]:
    """Lists the user's tasks that satisfy every filter given. Raises InvalidCursorError.

    filters: `status, tag, q, due_before, updated_since, sort, limit, cursor`.
    """
    order = _ORDERS[filters["sort"]]
    given = frozenset(_FILTERS.keys() & filters.keys())
    named = {name: filters[name] for name in given} | {"user_id": user_id}
    if "q" in named:
        named["q"] = f"%{_SPECIAL.sub(_ESCAPED, named['q'])}%"
    page = take_page(
        lambda place: _list_statement(order, place, given),
        order,
        filters["limit"],
        filters.get("cursor"),
        named,
    )
    return Page(_with_tracked_seconds(page.data), page.next_cursor)


@immediate
def create_task(user_id: str, values: dict[str, Any]) -> TrackedTask:
    """Makes a task of the user's.

    values: `title, description, status, tags, due_at`.
    """
    named = {"id": new_id(), "user_id": user_id, **values}
    return TrackedTask._make((*connection().execute(_INSERT, named).one(), 0))


@immediate
def get_task(user_id: str, task_id: str) -> TrackedTask:
    """Gives one task of the user's. Raises TaskNotFoundError."""
    return _with_tracked_seconds_of(find_task(user_id, task_id))


@transactional
def update_task(
    user_id: str, task_id: str, changes: dict[str, Any], check: Callable[[TrackedTask], None]
) -> TrackedTask:
    """Changes what is named and leaves the rest; `check` sees the task as it is.

    Raises TaskNotFoundError.
    """
    task = _with_tracked_seconds_of(lock_task(user_id, task_id))
    check(task)
    statement = update(Task).where(Task.id == task_id).values(**changes).returning(*_COLUMNS)
    changed = connection().execute(statement).one()
    return TrackedTask._make((*changed, task.tracked_seconds))


@transactional
def delete_task(user_id: str, task_id: str, check: Callable[[TrackedTask], None] | None) -> None:
    """Deletes a task and its time entries; `check` sees the task as it is.

    Raises TaskNotFoundError.
    """
    task = lock_task(user_id, task_id)
    if check is not None:
        check(_with_tracked_seconds_of(task))
    connection().execute(delete(Task).where(Task.id == task_id))


def find_task(user_id: str, task_id: str) -> Row[Any]:
    """Reads a task of the user's, without its sum. Raises TaskNotFoundError."""
    return _existing(_OWN, user_id, task_id)


def lock_task(user_id: str, task_id: str) -> Row[Any]:
    """Reads a task of the user's and holds it until the transaction ends.

    Raises TaskNotFoundError.
    """
    return _existing(_OWN_LOCKED, user_id, task_id)


def _existing(statement: Select[Any], user_id: str, task_id: str) -> Row[Any]:
    task = connection().execute(statement, {"task_id": task_id, "user_id": user_id}).first()
    if task is None:
        raise TaskNotFoundError
    return task


@functools.cache
def _list_statement(order: Order, place: str, given: frozenset[str]) -> Select[Any]:
    conditions = [condition for name, condition in _FILTERS.items() if name in given]
    own = select(*_COLUMNS).where(Task.user_id == bindparam("user_id"), *conditions)
    return order.arrange(own, place)


def _with_tracked_seconds_of(task: Row[Any]) -> TrackedTask:
    return _with_tracked_seconds([task])[0]


def _with_tracked_seconds(tasks: Sequence[Row[Any]]) -> list[TrackedTask]:
    found = connection().execute(_SUMS, {"task_ids": [task.id for task in tasks]})
    seconds = {row.task_id: int(row.total) for row in found}
    return [TrackedTask._make((*task, seconds.get(task.id, 0))) for task in tasks]
