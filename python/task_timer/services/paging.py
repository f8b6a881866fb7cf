"""Pages of a list: where one begins, and where the next one does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, literal, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from ..utils.cursor import Cursor, decode_cursor, encode_cursor
from ..utils.errors import InvalidCursorError
from ..utils.instants import format_instant, parse_instant

T = TypeVar("T")
MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items of a list, and the cursor of those that follow, if any do."""

    data: Sequence[T]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """An order by a column and then by id. `sort` is its name on the wire."""

    sort: str
    column: InstrumentedAttribute[Any]
    id: InstrumentedAttribute[str]
    nullable: bool = False

    @property
    def descending(self) -> bool:
        """Whether the largest comes first; what has no value comes last anyhow."""
        return self.sort.startswith("-")


def take_page(
    statement: Select[T],
    order: Order,
    limit: int,
    cursor: str | None,
    fetch: Callable[[Select[T]], Sequence[T]],
) -> Page[T]:
    """Fetches the page that begins at a cursor. Raises InvalidCursorError."""
    if cursor is not None:
        statement = statement.where(_after(order, decode_cursor(cursor, order.sort)))
    rows = fetch(statement.order_by(*_ordering(order)).limit(limit + 1))
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], encode_cursor(_cursor(order, rows[limit - 1])))


def _ordering(order: Order) -> list[ColumnElement[Any]]:
    column, key = (
        (order.column.desc(), order.id.desc())
        if order.descending
        else (
            order.column.asc(),
            order.id.asc(),
        )
    )
    return [column.nulls_last() if order.nullable else column, key]


def _after(order: Order, cursor: Cursor) -> ColumnElement[bool]:
    value = _value(order, cursor)
    if value is None:
        last = order.id < cursor.id if order.descending else order.id > cursor.id
        return and_(order.column.is_(None), last)
    here = tuple_(order.column, order.id)
    there = tuple_(literal(value, order.column.type), literal(cursor.id, order.id.type))
    beyond = here < there if order.descending else here > there
    return or_(beyond, order.column.is_(None)) if order.nullable else beyond


def _value(order: Order, cursor: Cursor) -> datetime | str | None:
    if cursor.value is None:
        if order.nullable:
            return None
        raise InvalidCursorError
    if order.column.type.python_type is str:
        if len(cursor.value) > MAX_TEXT or "\0" in cursor.value:
            raise InvalidCursorError
        return cursor.value
    try:
        instant = parse_instant(cursor.value)
    except ValueError as error:
        raise InvalidCursorError from error
    if format_instant(instant) != cursor.value:
        raise InvalidCursorError
    return instant


def _cursor(order: Order, row: Any) -> Cursor:
    value = getattr(row, order.column.key)
    text = format_instant(value) if isinstance(value, datetime) else value
    return Cursor(order.sort, text, row.id)
