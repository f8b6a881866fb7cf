"""Tasks that time is tracked on."""

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
from sqlalchemy.sql.selectable import TypedReturnsRows

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
    """The properties of a task that a client sets."""

    title: str
    description: str | None
    status: str
    tags: list[str]
    due_at: datetime | None


class TaskChanges(TypedDict, total=False):
    """The changes to a task; a missing key leaves a property unchanged."""

    title: str
    description: str | None
    status: str
    tags: list[str]
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """The filters and the order of a list of tasks; None does not filter."""

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
    """Returns the user's tasks that match all given filters. Raises InvalidCursorError."""
    order = _ORDERS[filters.sort]
    given = frozenset(name for name in _FILTERS if getattr(filters, name) is not None)
    named: dict[str, Any] = {name: getattr(filters, name) for name in given}
    if filters.q is not None:
        named["q"] = f"%{_SPECIAL.sub(_ESCAPED, filters.q)}%"

    def fetch(place: str, position: dict[str, Any]) -> list[TrackedTaskRow]:
        statement = _list_statement(order, place, given)
        parameters = named | position | {"user_id": user_id}
        return [TrackedTaskRow(*row) for row in connection().execute(statement, parameters).all()]

    return take_page(order, filters.limit, filters.cursor, fetch)


@immediate
def create_task(user_id: str, fields: TaskFields) -> TrackedTaskRow:
    """Creates a task."""
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
    """Returns one of the user's tasks. Raises TaskNotFoundError."""
    return TrackedTaskRow(*_existing(_OWN_TRACKED, user_id, task_id))


@transactional
def update_task(
    user_id: str, task_id: str, changes: TaskChanges, check: Callable[[TrackedTaskRow], None]
) -> TrackedTaskRow:
    """Updates the given properties; `check` receives the current task.

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
    """Deletes a task and its time entries; `check` receives the current task.

    Raises TaskNotFoundError.
    """
    lock_task(user_id, task_id)
    if check is not None:
        check(get_task(user_id, task_id))
    connection().execute(delete(Task).where(Task.id == task_id))


def find_task(user_id: str, task_id: str) -> None:
    """Finds one of the user's tasks. Raises TaskNotFoundError."""
    _existing(_OWN, user_id, task_id)


def lock_task(user_id: str, task_id: str) -> None:
    """Locks one of the user's tasks until the transaction ends. Raises TaskNotFoundError."""
    _existing(_OWN_LOCKED, user_id, task_id)


def _existing(statement: Select[*Columns], user_id: str, task_id: str) -> Row[*Columns]:
    task = connection().execute(statement, {"task_id": task_id, "user_id": user_id}).first()
    if task is None:
        raise TaskNotFoundError
    return task


@functools.cache
def _list_statement(
    order: Order, place: str, given: frozenset[str]
) -> TypedReturnsRows[
    str, str, str | None, str, list[str], datetime | None, datetime, datetime, int
]:
    conditions = [condition for name, condition in _FILTERS.items() if name in given]
    own = select(*TRACKED_TASK_COLUMNS).where(
        TrackedTask.user_id == bindparam("user_id"), *conditions
    )
    return order.arrange(own, place)
