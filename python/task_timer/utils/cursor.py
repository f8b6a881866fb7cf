"""Pagination cursors, encoded in base64url."""

import base64
from dataclasses import dataclass
from typing import Any

from .errors import InvalidCursorError
from .json_text import dump_json, parse_json


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last item of a page: its sort key in the order `sort`, and its id.

    value: text, an instant in wire format, or null.
    """

    sort: str
    value: str | None
    id: str


def encode_cursor(cursor: Cursor) -> str:
    """Encodes a cursor as text."""
    data = dump_json({"sort": cursor.sort, "value": cursor.value, "id": cursor.id})
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_cursor(text: str, sort: str) -> Cursor:
    """Decodes a cursor of this order.

    Raises InvalidCursorError for text that `encode_cursor` did not return. The id is not checked.
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
