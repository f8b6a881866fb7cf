"""Aggregated tracked time."""

from ...services import report_service
from ..answers import Answer, ok
from ..call import Call
from ..schemas.report import dump_time_report, load_time_report_query


def get_time_report(call: Call) -> Answer:
    """Sums up the user's completed time entries within `[from, to)`."""
    query = load_time_report_query(call.query)
    report = report_service.get_time_report(
        call.user_id, query.start, query.end, query.group_by, query.tz
    )
    return ok(call, dump_time_report(report))


HANDLERS = (get_time_report,)
