"""What all schemas share."""

from datetime import datetime
from operator import attrgetter
from typing import Any

from marshmallow import Schema, fields

from ...utils.instants import format_instant, parse_instant

_AS_STORED = (fields.String, fields.Integer)


class WireSchema(Schema):
    """Dumps attributes in the order of the fields, and loads what passed validation."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        named = {name: field.data_key or name for name, field in self.dump_fields.items()}
        self._keys = tuple(named.values())
        self._values = attrgetter(*named)
        self._converted = [
            (named[name], name, field)
            for name, field in self.dump_fields.items()
            if not _is_written_as_stored(field)
        ]

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """Writes an object, which has every attribute.

        The inherited method looks for each by key, path and default: 20 tasks take 0.27 ms of
        processor time with it, and 0.08 with this.
        """
        if many:
            return [self.dump(item) for item in obj]
        wire = dict(zip(self._keys, self._values(obj), strict=True))
        for key, name, field in self._converted:
            wire[key] = field._serialize(wire[key], name, obj)
        return wire


def _is_written_as_stored(field: fields.Field[Any]) -> bool:
    inner = field.inner if isinstance(field, fields.List) else field
    return type(inner) in _AS_STORED


class Instant(fields.Field[datetime]):
    """An instant, text on the wire."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_instant(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        return parse_instant(value)
