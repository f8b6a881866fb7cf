"""Tasks on the wire."""

from marshmallow import fields

from .base import Instant, WireSchema


class TaskSchema(WireSchema):
    """A task."""

    id = fields.String()
    title = fields.String()
    description = fields.String()
    status = fields.String()
    tags = fields.List(fields.String())
    due_at = Instant()
    tracked_seconds = fields.Integer()
    created_at = Instant()
    updated_at = Instant()


class TaskBodySchema(WireSchema):
    """A task to be made, or what is to change of one."""

    title = fields.String()
    description = fields.String(allow_none=True)
    status = fields.String()
    tags = fields.List(fields.String())
    due_at = Instant(allow_none=True)


class TaskFilterSchema(WireSchema):
    """Which tasks are asked for, and in which order."""

    status = fields.String()
    tag = fields.String()
    q = fields.String()
    due_before = Instant()
    updated_since = Instant()
    sort = fields.String()
    limit = fields.Integer()
    cursor = fields.String()


_task = TaskSchema()
_body = TaskBodySchema()
_filter = TaskFilterSchema()
dump_task = _task.dump
load_task = _body.load
load_task_filter = _filter.load
