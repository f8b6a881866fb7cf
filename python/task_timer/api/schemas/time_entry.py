"""Time entries on the wire."""

from collections.abc import Callable
from typing import Any

from marshmallow import EXCLUDE, fields, post_load

from ...models import TimeEntryRow
from ...services.time_entry_service import TimeEntryChanges, TimeEntryFields, TimeEntryFilter
from .base import Instant, WireSchema


class TimeEntrySchema(WireSchema):
    """A time entry. `duration` is in whole seconds."""

    id = fields.String()
    task_id = fields.String()
    start_time = Instant()
    end_time = Instant()
    duration = fields.Integer()
    note = fields.String()
    created_at = Instant()
    updated_at = Instant()


class TimeEntryUpdateSchema(WireSchema):
    """The changes to a time entry: a dictionary, as null differs from a missing key."""

    start_time = Instant()
    end_time = Instant(allow_none=True)
    note = fields.String(allow_none=True)


class TimeEntryCreateSchema(TimeEntryUpdateSchema):
    """A time entry to be created; its task is in the body or in the path."""

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> TimeEntryFields:
        """Creates the fields that were read."""
        return TimeEntryFields(**data)


class TimeEntryFilterSchema(WireSchema):
    """The filters and the order of a list of time entries."""

    task_id = fields.String()
    running = fields.Boolean()
    started_from = Instant()
    started_before = Instant()
    sort = fields.String()
    limit = fields.Integer()
    cursor = fields.String()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> TimeEntryFilter:
        """Creates the filter that was read."""
        return TimeEntryFilter(**data)


dump_time_entry: Callable[[TimeEntryRow], dict[str, Any]] = TimeEntrySchema().dump
load_time_entry_create: Callable[[Any], TimeEntryFields] = TimeEntryCreateSchema(
    unknown=EXCLUDE
).load
load_time_entry_update: Callable[[Any], TimeEntryChanges] = TimeEntryUpdateSchema().load
load_time_entry_filter: Callable[[Any], TimeEntryFilter] = TimeEntryFilterSchema().load
