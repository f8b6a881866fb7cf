"""Cursors: where a page begins, in base64url."""

import base64
from dataclasses import dataclass
from typing import Any

from .errors import InvalidCursorError
from .json_text import dump_json, parse_json


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last item of a page: its value in the order `sort`, and its id.

    value: text, an instant as the wire has it, or null.
    """

    sort: str
    value: str | None
    id: str


def encode_cursor(cursor: Cursor) -> str:
    """Writes a cursor as text."""
    data = dump_json({"sort": cursor.sort, "value": cursor.value, "id": cursor.id})
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_cursor(text: str, sort: str) -> Cursor:
    """Reads a cursor for this order.

    Raises InvalidCursorError for what `encode_cursor` never wrote. The form of the id is not looked
    at.
    """
    try:
        content = parse_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), depth=1)
    except ValueError as error:
        raise InvalidCursorError from error
    cursor = _cursor(content)
    if cursor is None or cursor.sort != sort or encode_cursor(cursor) != text:
        raise InvalidCursorError
    return cursor


def _cursor(content: Any) -> Cursor | None:
    if not isinstance(content, dict) or list(content) != ["sort", "value", "id"]:
        return None
    cursor = Cursor(**content)
    if not isinstance(cursor.sort, str) or not isinstance(cursor.value, str | None):
        return None
    return cursor if isinstance(cursor.id, str) else None
