"""Keyset pagination of lists."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute

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

    def arrange(self, statement: Select[*Columns], place: str) -> Select[*Columns]:
        """Applies this order and a starting position to a list; positions are bound parameters.

        So a statement is built once, not for each request.
        """
        if place != FIRST:
            statement = statement.where(_after(self, place))
        column = self.column.desc() if self.descending else self.column.asc()
        key = self.id.desc() if self.descending else self.id.asc()
        ordered = statement.order_by(column.nulls_last() if self.nullable else column, key)
        return ordered.limit(bindparam("page_rows"))


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


def _after(order: Order, place: str) -> ColumnElement[bool]:
    after_id = bindparam("page_id", type_=order.id.type)
    if place == AFTER_NULL:
        last = order.id < after_id if order.descending else order.id > after_id
        return and_(order.column.is_(None), last)
    here = tuple_(order.column, order.id)
    there = tuple_(bindparam("page_value", type_=order.column.type), after_id)
    beyond = here < there if order.descending else here > there
    return or_(beyond, order.column.is_(None)) if order.nullable else beyond


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
