"""Tasks: what there is to be done."""

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    any_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)

from ..db import reading, session, transactional
from ..models import Task, TimeEntry
from ..models.base import IdList
from ..utils.errors import TaskNotFoundError
from .paging import Order, Page, take_page

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
_OWN = select(Task).where(Task.id == bindparam("task_id"), Task.user_id == bindparam("user_id"))
_OWN_LOCKED = _OWN.with_for_update()
_SUMS = (
    select(TimeEntry.task_id, func.sum(TimeEntry.duration).label("total"))
    .where(
        TimeEntry.task_id == any_(bindparam("task_ids", type_=IdList())),
        TimeEntry.end_time.is_not(None),
    )
    .group_by(TimeEntry.task_id)
)


@reading
def list_tasks(user_id: str, filters: dict[str, Any]) -> Page[Task]:
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
    _add_tracked_seconds(page.data)
    return page


@transactional
def create_task(user_id: str, values: dict[str, Any]) -> Task:
    """Makes a task of the user's.

    values: `title, description, status, tags, due_at`.
    """
    task = Task(user_id=user_id, **values)
    session().add(task)
    session().flush()
    return task


@reading
def get_task(user_id: str, task_id: str) -> Task:
    """Gives one task of the user's. Raises TaskNotFoundError."""
    task = find_task(user_id, task_id)
    _add_tracked_seconds([task])
    return task


@transactional
def update_task(
    user_id: str, task_id: str, changes: dict[str, Any], check: Callable[[Task], None]
) -> Task:
    """Changes what is named and leaves the rest; `check` sees the task as it is.

    Raises TaskNotFoundError.
    """
    task = lock_task(user_id, task_id)
    _add_tracked_seconds([task])
    check(task)
    statement = update(Task).where(Task.id == task_id).values(**changes).returning(Task)
    return session().scalars(statement, execution_options={"populate_existing": True}).one()


@transactional
def delete_task(user_id: str, task_id: str, check: Callable[[Task], None] | None) -> None:
    """Deletes a task and its time entries; `check` sees the task as it is.

    Raises TaskNotFoundError.
    """
    task = lock_task(user_id, task_id)
    if check is not None:
        _add_tracked_seconds([task])
        check(task)
    session().execute(delete(Task).where(Task.id == task_id))


def find_task(user_id: str, task_id: str) -> Task:
    """Reads a task of the user's, without its sum. Raises TaskNotFoundError."""
    return _existing(session().scalar(_OWN, {"task_id": task_id, "user_id": user_id}))


def lock_task(user_id: str, task_id: str) -> Task:
    """Reads a task of the user's and holds it until the transaction ends.

    Raises TaskNotFoundError.
    """
    return _existing(session().scalar(_OWN_LOCKED, {"task_id": task_id, "user_id": user_id}))


def _existing(task: Task | None) -> Task:
    if task is None:
        raise TaskNotFoundError
    return task


@functools.cache
def _list_statement(order: Order, place: str, given: frozenset[str]) -> Select[Task]:
    conditions = [condition for name, condition in _FILTERS.items() if name in given]
    own = select(Task).where(Task.user_id == bindparam("user_id"), *conditions)
    return order.arrange(own, place)


def _add_tracked_seconds(tasks: Iterable[Task]) -> None:
    found = session().execute(_SUMS, {"task_ids": [task.id for task in tasks]})
    sums = {row.task_id: row.total for row in found}
    for task in tasks:
        task.tracked_seconds = int(sums.get(task.id, 0))
