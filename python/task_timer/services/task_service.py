"""Tasks: what there is to be done."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, Select, Uuid, any_, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from ..db import reading, session, transactional
from ..models import Task, TimeEntry
from ..utils.errors import TaskNotFoundError
from .paging import Order, Page, take_page

SORTS: dict[str, InstrumentedAttribute[Any]] = {
    "created_at": Task.created_at,
    "updated_at": Task.updated_at,
    "due_at": Task.due_at,
    "title": Task.title,
}
_OWN = select(Task).where(Task.id == bindparam("task_id"), Task.user_id == bindparam("user_id"))
_OWN_LOCKED = _OWN.with_for_update()
_SUMS = (
    select(TimeEntry.task_id, func.sum(TimeEntry.duration).label("total"))
    .where(
        TimeEntry.task_id == any_(bindparam("task_ids", type_=ARRAY(Uuid(as_uuid=False)))),
        TimeEntry.end_time.is_not(None),
    )
    .group_by(TimeEntry.task_id)
)


@reading
def list_tasks(user_id: str, filters: dict[str, Any]) -> Page[Task]:
    """Lists the user's tasks that satisfy every filter given. Raises InvalidCursorError.

    filters: `status, tag, q, due_before, updated_since, sort, limit, cursor`.
    """
    sort = filters["sort"]
    order = Order(sort, SORTS[sort.removeprefix("-")], Task.id, nullable=sort.endswith("due_at"))
    statement = _filtered(select(Task).where(Task.user_id == user_id), filters)
    page = take_page(statement, order, filters["limit"], filters.get("cursor"), _fetch)
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


def _fetch(statement: Select[Task]) -> Sequence[Task]:
    return session().scalars(statement).all()


def _filtered(statement: Select[Task], filters: dict[str, Any]) -> Select[Task]:
    if "status" in filters:
        statement = statement.where(Task.status == filters["status"])
    if "tag" in filters:
        statement = statement.where(Task.tags.contains([filters["tag"]]))
    if "q" in filters:
        title = Task.title.icontains(filters["q"], autoescape=True)
        description = Task.description.icontains(filters["q"], autoescape=True)
        statement = statement.where(or_(title, description))
    if "due_before" in filters:
        statement = statement.where(Task.due_at < filters["due_before"])
    if "updated_since" in filters:
        statement = statement.where(Task.updated_at >= filters["updated_since"])
    return statement


def _add_tracked_seconds(tasks: Iterable[Task]) -> None:
    ids = [task.id for task in tasks]
    sums = {row.task_id: row.total for row in session().execute(_SUMS, {"task_ids": ids})}
    for task in tasks:
        task.tracked_seconds = int(sums.get(task.id, 0))
