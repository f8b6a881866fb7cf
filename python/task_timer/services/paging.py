"""Keyset pagination of lists."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, TypeVarTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    SQLColumnExpression,
    UnaryExpression,
    and_,
    bindparam,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import TypedReturnsRows

from ..current import resources
from ..utils.cursor import Cursor, decode_cursor, encode_cursor
from ..utils.errors import InvalidCursorError
from ..utils.instants import format_instant, parse_instant

T = TypeVar("T")
Columns = TypeVarTuple("Columns")
MAX_TEXT = 200
ID = {"$ref": "#/components/schemas/Id"}

# Where a page begins: at the first item, after a value, or among those that have none.
FIRST, AFTER_VALUE, AFTER_NULL = "first", "after value", "after null"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The items of a page, and the cursor of the next one, if there is one."""

    data: Sequence[T]
    next_cursor: str | None


class Listed(Protocol):
    """An item of a list."""

    @property
    def id(self) -> str:
        """The id, which breaks ties in all sort orders."""


Item = TypeVar("Item", bound=Listed)
Key = datetime | str | None
SortColumn = (
    InstrumentedAttribute[datetime]
    | InstrumentedAttribute[datetime | None]
    | InstrumentedAttribute[str]
)


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A sort order, by a column and then by id. `sort` is its name on the wire."""

    sort: str
    column: SortColumn
    id: InstrumentedAttribute[str]
    nullable: bool = False

    @property
    def descending(self) -> bool:
        """Whether the order is descending; null comes last in either direction."""
        return self.sort.startswith("-")

    def arrange(self, statement: Select[*Columns], place: str) -> TypedReturnsRows[*Columns]:
        """Applies this order and a starting position to a list; positions are bound parameters.

        So a statement is built once, not for each request.
        """
        rows = bindparam("page_rows", type_=Integer())
        ordered = statement.order_by(*_sorted(self, self.column, self.id)).limit(rows)
        parts = [ordered.where(condition) for condition in _conditions(self, place)]
        if len(parts) == 1:
            return parts[0]
        whole = union_all(*parts)
        column, key = _sorted(
            self, whole.selected_columns[self.column.key], whole.selected_columns.id
        )
        return whole.order_by(column.nulls_last(), key).limit(rows)


def take_page(
    order: Order,
    limit: int,
    cursor: str | None,
    fetch: Callable[[str, dict[str, Any]], list[Item]],
) -> Page[Item]:
    """Fetches the page that starts at a cursor. Raises InvalidCursorError.

    fetch: returns the items from a position on, with the parameters of the list that `arrange`
    returned.
    """
    place, position = _position(order, cursor)
    items = fetch(place, {**position, "page_rows": limit + 1})
    if len(items) <= limit:
        return Page(items, None)
    return Page(items[:limit], encode_cursor(_cursor(order, items[limit - 1])))


def _sorted(
    order: Order, column: SQLColumnExpression[Any], key: SQLColumnExpression[Any]
) -> tuple[UnaryExpression[Any], UnaryExpression[Any]]:
    return (column.desc(), key.desc()) if order.descending else (column.asc(), key.asc())


def _conditions(order: Order, place: str) -> list[ColumnElement[bool]]:
    # A list that may lack the value is read in two parts, for no index has nulls last in both
    # directions, nor a range that a row comparison begins and nulls end.
    nulls = order.column.is_(None)
    if place == FIRST:
        return [order.column.is_not(None), nulls] if order.nullable else [true()]
    after_id = bindparam("page_id", type_=order.id.type)
    if place == AFTER_NULL:
        return [and_(nulls, order.id < after_id if order.descending else order.id > after_id)]
    here = tuple_(order.column, order.id)
    there = tuple_(bindparam("page_value", type_=order.column.type), after_id)
    beyond = here < there if order.descending else here > there
    return [beyond, nulls] if order.nullable else [beyond]


def _position(order: Order, text: str | None) -> tuple[str, dict[str, Any]]:
    if text is None:
        return FIRST, {}
    cursor = decode_cursor(text, order.sort)
    if resources().contract.reader.validator(ID, "body").violations(cursor.id):
        raise InvalidCursorError
    if cursor.value is None:
        if not order.nullable:
            raise InvalidCursorError
        return AFTER_NULL, {"page_id": cursor.id}
    value = _value(order, cursor.value)
    return AFTER_VALUE, {"page_id": cursor.id, "page_value": value}


def _value(order: Order, text: str) -> datetime | str:
    if order.column.type.python_type is str:
        if len(text) > MAX_TEXT or "\0" in text:
            raise InvalidCursorError
        return text
    try:
        instant = parse_instant(text)
    except ValueError as error:
        raise InvalidCursorError from error
    if format_instant(instant) != text:
        raise InvalidCursorError
    return instant


def _cursor(order: Order, item: Listed) -> Cursor:
    value: Key = getattr(item, order.column.key)
    text = format_instant(value) if isinstance(value, datetime) else value
    return Cursor(order.sort, text, item.id)
