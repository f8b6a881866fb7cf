"""Kinds of values that more than one schema has."""

from datetime import datetime
from typing import Any

from marshmallow import fields

from ...utils.instants import format_instant, parse_instant


class Instant(fields.Field[datetime]):
    """An instant, text on the wire."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_instant(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        return parse_instant(value)
