"""Reports on the wire."""

from marshmallow import fields

from .base import Instant, WireSchema


class TimeReportRowSchema(WireSchema):
    """A row of a report."""

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
    """Which report is asked for."""

    start = Instant(data_key="from")
    end = Instant(data_key="to")
    group_by = fields.String()
    tz = fields.String()


_report = TimeReportSchema()
_query = TimeReportQuerySchema()
dump_time_report = _report.dump
load_time_report_query = _query.load
