"""What all schemas share."""

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from ...utils.instants import format_instant, parse_instant


class WireSchema(Schema):
    """Writes attributes in the order of the fields, and reads what the contract let through."""

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Reads an attribute; the general way would try keys and paths as well."""
        return getattr(obj, attr)


class Instant(fields.Field[datetime]):
    """An instant, text on the wire."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_instant(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        return parse_instant(value)
