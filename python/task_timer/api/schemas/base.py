"""What all schemas share."""

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from ...utils.instants import format_instant, parse_instant


class WireSchema(Schema):
    """Writes attributes in the order of the fields, and reads what the contract let through."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        named = [(field.data_key or name, name, field) for name, field in self.dump_fields.items()]
        self._written = [(key, name) for key, name, _ in named]
        self._converted = [(key, field) for key, _, field in named if not _is_text(field)]

    def _serialize(self, obj: Any, *, many: bool = False) -> Any:
        # What is written has every attribute, so none is looked for by key, path or default.
        if many:
            return [self._serialize(item) for item in obj]
        wire = {key: getattr(obj, name) for key, name in self._written}
        for key, field in self._converted:
            wire[key] = field._serialize(wire[key], key, obj)
        return wire


def _is_text(field: fields.Field[Any]) -> bool:
    """Tells whether values are written as they are stored: text, or a list of texts."""
    inner = field.inner if isinstance(field, fields.List) else field
    return type(inner) is fields.String


class Instant(fields.Field[datetime]):
    """An instant, text on the wire."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_instant(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        return parse_instant(value)
