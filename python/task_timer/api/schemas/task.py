"""Tasks on the wire."""

from collections.abc import Callable
from typing import Any

from marshmallow import fields, post_load

from ...models import TrackedTaskRow
from ...services.task_service import TaskChanges, TaskFields, TaskFilter
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


class TaskUpdateSchema(WireSchema):
    """The changes to a task: a dictionary, as null differs from a missing key."""

    title = fields.String()
    description = fields.String(allow_none=True)
    status = fields.String()
    tags = fields.List(fields.String())
    due_at = Instant(allow_none=True)


class TaskCreateSchema(TaskUpdateSchema):
    """A task to be created."""

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> TaskFields:
        """Creates the fields that were read."""
        return TaskFields(**data)


class TaskFilterSchema(WireSchema):
    """The filters and the order of a list of tasks."""

    status = fields.String()
    tag = fields.String()
    q = fields.String()
    due_before = Instant()
    updated_since = Instant()
    sort = fields.String()
    limit = fields.Integer()
    cursor = fields.String()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> TaskFilter:
        """Creates the filter that was read."""
        return TaskFilter(**data)


dump_task: Callable[[TrackedTaskRow], dict[str, Any]] = TaskSchema().dump
load_task_create: Callable[[Any], TaskFields] = TaskCreateSchema().load
load_task_update: Callable[[Any], TaskChanges] = TaskUpdateSchema().load
load_task_filter: Callable[[Any], TaskFilter] = TaskFilterSchema().load
