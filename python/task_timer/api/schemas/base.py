"""What all schemas share."""

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from ...utils.instants import format_instant, parse_instant


class WireSchema(Schema):
    """Writes attributes in the order of the fields, and reads what the contract let through."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._written = [
            (field.data_key or name, name, field) for name, field in self.dump_fields.items()
        ]

    def _serialize(self, obj: Any, *, many: bool = False) -> Any:
        # What is written has every attribute, so none is looked for by key, path or default.
        if many:
            return [self._serialize(item) for item in obj]
        return {
            key: field._serialize(getattr(obj, name), name, obj)
            for key, name, field in self._written
        }


class Instant(fields.Field[datetime]):
    """An instant, text on the wire."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_instant(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        return parse_instant(value)
