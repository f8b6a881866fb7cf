"""Time entries on the wire."""

from marshmallow import fields

from .base import Instant, WireSchema


class TimeEntrySchema(WireSchema):
    """A time entry."""

    id = fields.String()
    task_id = fields.String()
    start_time = Instant()
    end_time = Instant()
    duration = fields.Integer()
    note = fields.String()
    created_at = Instant()
    updated_at = Instant()


class TimeEntryBodySchema(WireSchema):
    """A time entry to be made, or what is to change of one."""

    task_id = fields.String()
    start_time = Instant()
    end_time = Instant(allow_none=True)
    note = fields.String(allow_none=True)


class TimeEntryFilterSchema(WireSchema):
    """Which time entries are asked for, and in which order."""

    task_id = fields.String()
    running = fields.Boolean()
    started_from = Instant()
    started_before = Instant()
    sort = fields.String()
    limit = fields.Integer()
    cursor = fields.String()


_entry = TimeEntrySchema()
_body = TimeEntryBodySchema()
_filter = TimeEntryFilterSchema()
dump_time_entry = _entry.dump
load_time_entry = _body.load
load_time_entry_filter = _filter.load
