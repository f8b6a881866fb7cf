"""Tasks: what there is to be done."""

import functools
import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Text,
    any_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from ..db import connection, immediate, transactional
from ..models import Task, TrackedTask
from ..utils.errors import TaskNotFoundError
from ..utils.identifiers import new_id
from .paging import Order, Page, take_page

_ORDERS = {
    sign + name: Order(sign + name, column, TrackedTask.id, nullable=column is TrackedTask.due_at)
    for name, column in {
        "created_at": TrackedTask.created_at,
        "updated_at": TrackedTask.updated_at,
        "due_at": TrackedTask.due_at,
        "title": TrackedTask.title,
    }.items()
    for sign in ("", "-")
}
_PATTERN = bindparam("q", type_=Text())
_FILTERS: dict[str, ColumnElement[bool]] = {
    "status": TrackedTask.status == bindparam("status"),
    "tag": bindparam("tag", type_=Text()) == any_(TrackedTask.tags),
    "q": or_(TrackedTask.title.ilike(_PATTERN), TrackedTask.description.ilike(_PATTERN)),
    "due_before": TrackedTask.due_at < bindparam("due_before"),
    "updated_since": TrackedTask.updated_at >= bindparam("updated_since"),
}
_SPECIAL = re.compile(r"[\\%_]")
_ESCAPED = r"\\\g<0>"
_OWN = select(Task.id).where(Task.id == bindparam("task_id"), Task.user_id == bindparam("user_id"))
_OWN_LOCKED = _OWN.with_for_update()
_OWN_TRACKED = select(TrackedTask).where(
    TrackedTask.id == bindparam("task_id"), TrackedTask.user_id == bindparam("user_id")
)
# What was written, with the time tracked on it, as the view would have it.
_WRITTEN = (
    *Task.__table__.columns,
    bindparam("tracked_seconds", 0, type_=BigInteger()).label("tracked_seconds"),
)
_INSERT = insert(Task).returning(*_WRITTEN)


@immediate
def list_tasks(user_id: str, filters: dict[str, Any]) -> Page[Row[Any]]:
    """Lists the user's tasks that satisfy every filter given. Raises InvalidCursorError.

    filters: `status, tag, q, due_before, updated_since, sort, limit, cursor`.
    """
    order = _ORDERS[filters["sort"]]
    given = frozenset(_FILTERS.keys() & filters.keys())
    named = {name: filters[name] for name in given} | {"user_id": user_id}
    if "q" in named:
        named["q"] = f"%{_SPECIAL.sub(_ESCAPED, named['q'])}%"
    return take_page(
        lambda place: _list_statement(order, place, given),
        order,
        filters["limit"],
        filters.get("cursor"),
        named,
    )


@immediate
def create_task(user_id: str, values: dict[str, Any]) -> Row[Any]:
    """Makes a task of the user's.

    values: `title, description, status, tags, due_at`.
    """
    named = {"id": new_id(), "user_id": user_id, **values}
    return connection().execute(_INSERT, named).one()


@immediate
def get_task(user_id: str, task_id: str) -> Row[Any]:
    """Gives one task of the user's. Raises TaskNotFoundError."""
    return _existing(_OWN_TRACKED, user_id, task_id)


@transactional
def update_task(
    user_id: str, task_id: str, changes: dict[str, Any], check: Callable[[Row[Any]], None]
) -> Row[Any]:
    """Changes what is named and leaves the rest; `check` sees the task as it is.

    Raises TaskNotFoundError.
    """
    lock_task(user_id, task_id)
    task = get_task(user_id, task_id)
    check(task)
    statement = update(Task).where(Task.id == task_id).values(**changes).returning(*_WRITTEN)
    return connection().execute(statement, {"tracked_seconds": task.tracked_seconds}).one()


@transactional
def delete_task(user_id: str, task_id: str, check: Callable[[Row[Any]], None] | None) -> None:
    """Deletes a task and its time entries; `check` sees the task as it is.

    Raises TaskNotFoundError.
    """
    lock_task(user_id, task_id)
    if check is not None:
        check(get_task(user_id, task_id))
    connection().execute(delete(Task).where(Task.id == task_id))


def find_task(user_id: str, task_id: str) -> None:
    """Looks for a task of the user's. Raises TaskNotFoundError."""
    _existing(_OWN, user_id, task_id)


def lock_task(user_id: str, task_id: str) -> None:
    """Holds a task of the user's until the transaction ends. Raises TaskNotFoundError."""
    _existing(_OWN_LOCKED, user_id, task_id)


def _existing(statement: Select[Any], user_id: str, task_id: str) -> Row[Any]:
    task = connection().execute(statement, {"task_id": task_id, "user_id": user_id}).first()
    if task is None:
        raise TaskNotFoundError
    return task


@functools.cache
def _list_statement(order: Order, place: str, given: frozenset[str]) -> Select[Any]:
    conditions = [condition for name, condition in _FILTERS.items() if name in given]
    own = select(TrackedTask).where(TrackedTask.user_id == bindparam("user_id"), *conditions)
    return order.arrange(own, place)
