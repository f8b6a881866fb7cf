"""Tasks: what there is to be done."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, TypeVarTuple

from sqlalchemy import (
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
from ..models import (
    TASK_COLUMNS,
    TRACKED_TASK_COLUMNS,
    Task,
    TrackedTask,
    TrackedTaskRow,
)
from ..utils.errors import TaskNotFoundError
from ..utils.identifiers import new_id
from .paging import Order, Page, SortColumn, take_page

Columns = TypeVarTuple("Columns")

_COLUMNS: dict[str, SortColumn] = {
    "created_at": TrackedTask.created_at,
    "updated_at": TrackedTask.updated_at,
    "due_at": TrackedTask.due_at,
    "title": TrackedTask.title,
}
_ORDERS = {
    sign + name: Order(sign + name, column, TrackedTask.id, nullable=name == "due_at")
    for name, column in _COLUMNS.items()
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
_OWN_TRACKED = select(*TRACKED_TASK_COLUMNS).where(
    TrackedTask.id == bindparam("task_id"), TrackedTask.user_id == bindparam("user_id")
)
_INSERT = insert(Task).returning(*TASK_COLUMNS)


@dataclass(frozen=True, slots=True)
class TaskFields:
    """What a client says of a task."""

    title: str
    description: str | None
    status: str
    tags: list[str]
    due_at: datetime | None


class TaskChanges(TypedDict, total=False):
    """What is to change of a task: what is not there stays."""

    title: str
    description: str | None
    status: str
    tags: list[str]
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks are asked for, and in which order: what is None does not matter."""

    sort: str
    limit: int
    status: str | None = None
    tag: str | None = None
    q: str | None = None
    due_before: datetime | None = None
    updated_since: datetime | None = None
    cursor: str | None = None


@immediate
def list_tasks(user_id: str, filters: TaskFilter) -> Page[TrackedTaskRow]:
    """Lists the user's tasks that satisfy every filter given. Raises InvalidCursorError."""
    order = _ORDERS[filters.sort]
    given = frozenset(name for name in _FILTERS if getattr(filters, name) is not None)
    named: dict[str, Any] = {name: getattr(filters, name) for name in given}
    if filters.q is not None:
        named["q"] = f"%{_SPECIAL.sub(_ESCAPED, filters.q)}%"

    def fetch(place: str, position: dict[str, Any]) -> list[TrackedTaskRow]:
        statement = _list_statement(order, place, given)
        parameters = named | position | {"user_id": user_id}
        return [TrackedTaskRow(*row) for row in connection().execute(statement, parameters)]

    return take_page(order, filters.limit, filters.cursor, fetch)


@immediate
def create_task(user_id: str, fields: TaskFields) -> TrackedTaskRow:
    """Makes a task of the user's."""
    task_id = new_id()
    values = {
        "id": task_id,
        "user_id": user_id,
        "title": fields.title,
        "description": fields.description,
        "status": fields.status,
        "tags": fields.tags,
        "due_at": fields.due_at,
    }
    written = connection().execute(_INSERT, values).one()
    return TrackedTaskRow(task_id, *written, tracked_seconds=0)


@immediate
def get_task(user_id: str, task_id: str) -> TrackedTaskRow:
    """Gives one task of the user's. Raises TaskNotFoundError."""
    return TrackedTaskRow(*_existing(_OWN_TRACKED, user_id, task_id))


@transactional
def update_task(
    user_id: str, task_id: str, changes: TaskChanges, check: Callable[[TrackedTaskRow], None]
) -> TrackedTaskRow:
    """Changes what is named and leaves the rest; `check` sees the task as it is.

    Raises TaskNotFoundError.
    """
    lock_task(user_id, task_id)
    task = get_task(user_id, task_id)
    check(task)
    statement = update(Task).where(Task.id == task_id).values(**changes).returning(*TASK_COLUMNS)
    written = connection().execute(statement).one()
    return TrackedTaskRow(task_id, *written, tracked_seconds=task.tracked_seconds)


@transactional
def delete_task(user_id: str, task_id: str, check: Callable[[TrackedTaskRow], None] | None) -> None:
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


def _existing(statement: Select[*Columns], user_id: str, task_id: str) -> Row[*Columns]:
    task = connection().execute(statement, {"task_id": task_id, "user_id": user_id}).first()
    if task is None:
        raise TaskNotFoundError
    return task


@functools.cache
def _list_statement(
    order: Order, place: str, given: frozenset[str]
) -> Select[str, str, str | None, str, list[str], datetime | None, datetime, datetime, int]:
    conditions = [condition for name, condition in _FILTERS.items() if name in given]
    own = select(*TRACKED_TASK_COLUMNS).where(
        TrackedTask.user_id == bindparam("user_id"), *conditions
    )
    return order.arrange(own, place)
