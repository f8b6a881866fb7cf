"""Tracked time, added up."""

from ...services import report_service
from ..answers import Answer, ok
from ..call import Call
from ..schemas.report import dump_time_report, load_time_report_query


def get_time_report(call: Call) -> Answer:
    """Adds up the user's ended time entries within `[from, to)`."""
    query = load_time_report_query(call.query)
    return ok(call, dump_time_report(report_service.get_time_report(call.user_id, **query)))


HANDLERS = (get_time_report,)
