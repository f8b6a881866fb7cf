"""Reports: tracked time, summed up by day, task or tag."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Date,
    Select,
    Text,
    bindparam,
    cast,
    extract,
    func,
    null,
    select,
    text,
    true,
)

from ..current import resources
from ..db import connection, immediate
from ..models import Task, TimeEntry
from ..models.base import MILLISECONDS
from ..utils.errors import InvalidIntervalError, RangeTooLongError


class TimeReportRow(NamedTuple):
    """Only one of `day`, `task_id` and `tag` is set; `total` is that of the whole report."""

    day: str | None
    task_id: str | None
    tag: str | None
    tracked_seconds: int
    entry_count: int
    total: int


_Rows = Select[str | None, str | None, str | None, int, int, int]

_FROM, _TO = bindparam("from", type_=MILLISECONDS), bindparam("to", type_=MILLISECONDS)
_CLIPPED = (
    select(
        TimeEntry.task_id,
        func.greatest(TimeEntry.start_time, _FROM).label("start_time"),
        func.least(TimeEntry.end_time, _TO).label("end_time"),
    )
    .where(
        TimeEntry.user_id == bindparam("user_id"),
        TimeEntry.start_time < _TO,
        TimeEntry.end_time > _FROM,
        TimeEntry.start_time < TimeEntry.end_time,
    )
    .cte("clipped")
)

# A day begins with the first instant of its date, even if the clock is set back over
# midnight: there AT TIME ZONE returns the second one.
_PIECES = (
    text("""
        SELECT day,
            greatest(start_time, begins) AS start_time,
            least(end_time, lead_begins) AS end_time
        FROM clipped
        CROSS JOIN LATERAL (
            SELECT day, begins, lead(begins) OVER (ORDER BY day) AS lead_begins
            FROM (
                SELECT day::date AS day,
                    CASE
                        WHEN (midnight - interval '1 hour') AT TIME ZONE :tz >= day
                        THEN midnight - interval '1 hour'
                        ELSE midnight
                    END AS begins
                FROM generate_series(
                    date_trunc('day', start_time AT TIME ZONE :tz) - interval '1 day',
                    date_trunc('day', end_time AT TIME ZONE :tz) + interval '2 days',
                    interval '1 day'
                ) AS day
                CROSS JOIN LATERAL (SELECT day AT TIME ZONE :tz AS midnight) AS local
            ) AS days
        ) AS bounds
        WHERE start_time < lead_begins AND end_time > begins
    """)
    .columns(day=Date(), start_time=MILLISECONDS, end_time=MILLISECONDS)
    .add_cte(_CLIPPED)
    .cte("pieces")
)


def _seconds(pieces: CTE) -> ColumnElement[int]:
    tracked = func.sum(extract("epoch", pieces.c.end_time - pieces.c.start_time))
    return cast(func.floor(tracked), BigInteger)


_NONE = cast(null(), Text)
_TOTAL = select(_seconds(_CLIPPED)).correlate(None).scalar_subquery()
_TAG = func.unnest(Task.tags).table_valued("tag", name="tags").render_derived().lateral()


def _by_day() -> _Rows:
    day = func.to_char(_PIECES.c.day, "YYYY-MM-DD")
    return (
        select(cast(day, Text), _NONE, _NONE, _seconds(_PIECES), func.count(), _TOTAL)
        .select_from(_PIECES)
        .group_by(_PIECES.c.day)
        .order_by(_PIECES.c.day)
    )


def _by_task() -> _Rows:
    task_id = _CLIPPED.c.task_id
    return (
        select(_NONE, cast(task_id, Text), _NONE, _seconds(_CLIPPED), func.count(), _TOTAL)
        .select_from(_CLIPPED)
        .group_by(task_id)
        .order_by(task_id)
    )


def _by_tag() -> _Rows:
    tag = _TAG.c.tag
    return (
        select(_NONE, _NONE, cast(tag, Text), _seconds(_CLIPPED), func.count(), _TOTAL)
        .select_from(_CLIPPED)
        .join(Task, Task.id == _CLIPPED.c.task_id)
        .outerjoin(_TAG, true())
        .group_by(tag)
        .order_by(tag.collate("C").nulls_last())
    )


_STATEMENTS = {"day": _by_day(), "task": _by_task(), "tag": _by_tag()}


@dataclass(frozen=True, slots=True)
class TimeReport:
    """Whole seconds tracked from `start` to `end`; rows are grouped by `group_by`."""

    start: datetime
    end: datetime
    group_by: str
    tz: str
    tracked_seconds: int
    rows: list[TimeReportRow]


@immediate
def get_time_report(
    user_id: str, start: datetime, end: datetime, group_by: str, tz: str
) -> TimeReport:
    """Sums up the user's completed time entries within `[start, end)`.

    Raises InvalidIntervalError or RangeTooLongError.
    """
    if end < start:
        raise InvalidIntervalError
    longest = timedelta(days=resources().contract["x-limits"]["report_days"])
    if end - start > longest:
        raise RangeTooLongError
    named = {"user_id": user_id, "from": start, "to": end}
    if group_by == "day":
        named["tz"] = tz
    rows = [TimeReportRow(*row) for row in connection().execute(_STATEMENTS[group_by], named)]
    return TimeReport(start, end, group_by, tz, rows[0].total if rows else 0, rows)
