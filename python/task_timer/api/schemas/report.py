"""Reports on the wire."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import fields, post_load

from ...services.report_service import TimeReport
from .base import Instant, WireSchema


@dataclass(frozen=True, slots=True)
class TimeReportQuery:
    """The parameters of a report."""

    start: datetime
    end: datetime
    group_by: str
    tz: str


class TimeReportRowSchema(WireSchema):
    """A row of a report. Only one of `day`, `task_id` and `tag` is set."""

    day = fields.String()
    task_id = fields.String()
    tag = fields.String()
    tracked_seconds = fields.Integer()
    entry_count = fields.Integer()


class TimeReportSchema(WireSchema):
    """A report of tracked time."""

    start = Instant(data_key="from")
    end = Instant(data_key="to")
    group_by = fields.String()
    tz = fields.String()
    tracked_seconds = fields.Integer()
    rows = fields.List(fields.Nested(TimeReportRowSchema))


class TimeReportQuerySchema(WireSchema):
    """The parameters of a report."""

    start = Instant(data_key="from")
    end = Instant(data_key="to")
    group_by = fields.String()
    tz = fields.String()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> TimeReportQuery:
        """Creates the query that was read."""
        return TimeReportQuery(**data)


load_time_report_query: Callable[[Any], TimeReportQuery] = TimeReportQuerySchema().load
dump_time_report: Callable[[TimeReport], dict[str, Any]] = TimeReportSchema().dump
