"""Reports: tracked time, summed up by day, task or tag."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Select,
    Text,
    bindparam,
    cast,
    extract,
    func,
    literal_column,
    null,
    select,
    text,
    true,
    union_all,
)

from ..current import resources
from ..db import connection, immediate
from ..models import Task, TimeEntry
from ..models.base import MILLISECONDS
from ..models.time_entry import LONG_SECONDS
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
_REACHING = select(
    TimeEntry.task_id,
    func.greatest(TimeEntry.start_time, _FROM).label("start_time"),
    func.least(TimeEntry.end_time, _TO).label("end_time"),
).where(
    TimeEntry.user_id == bindparam("user_id"),
    TimeEntry.start_time < _TO,
    TimeEntry.end_time > _FROM,
    TimeEntry.start_time < TimeEntry.end_time,
)
# No index has a range of two columns: only long entries are looked for further back.
_EARLIEST = _FROM - timedelta(seconds=LONG_SECONDS)
_CLIPPED = union_all(
    _REACHING.where(TimeEntry.start_time >= _EARLIEST),
    _REACHING.where(
        TimeEntry.start_time < _EARLIEST,
        TimeEntry.duration >= literal_column(str(LONG_SECONDS)),
    ),
).cte("clipped")

# An instant is of the day that the clock shows, also where that goes back over midnight or leaves
# a day out. PostgreSQL lists no changes of a zone, but no two are within six hours: between samples
# so far apart each is found to the second. From one to the next, days begin at midnight.
_PIECES = (
    text("""
        WITH RECURSIVE changes AS (
            SELECT before, after, old_offset
            FROM (
                SELECT instant AS before, utc_offset AS old_offset,
                    lead(instant) OVER (ORDER BY instant) AS after,
                    lead(utc_offset) OVER (ORDER BY instant) AS new_offset
                FROM (
                    SELECT instant,
                        (instant AT TIME ZONE :tz) - (instant AT TIME ZONE 'UTC') AS utc_offset
                    FROM generate_series(
                        date_trunc('hour', :from), :to + interval '6 hours', interval '6 hours'
                    ) AS instant
                ) AS samples
            ) AS steps
            WHERE old_offset <> new_offset
            UNION ALL
            SELECT
                CASE WHEN is_old THEN middle ELSE before END,
                CASE WHEN is_old THEN after ELSE middle END,
                old_offset
            FROM changes
            CROSS JOIN LATERAL (
                SELECT before + date_trunc('second', (after - before) / 2) AS middle
            ) AS halves
            CROSS JOIN LATERAL (
                SELECT
                    (middle AT TIME ZONE :tz) - (middle AT TIME ZONE 'UTC') = old_offset AS is_old
            ) AS tried
            WHERE after - before > interval '1 second'
        ), eras AS (
            SELECT begins, lead(begins, 1, :to) OVER (ORDER BY begins) AS ends,
                (begins AT TIME ZONE :tz) - (begins AT TIME ZONE 'UTC') AS utc_offset
            FROM (
                SELECT :from AS begins
                UNION ALL
                SELECT after FROM changes
                WHERE after - before = interval '1 second' AND after > :from AND after < :to
            ) AS beginnings
        ), spans AS (
            SELECT day::date AS day,
                greatest(eras.begins, (day - utc_offset) AT TIME ZONE 'UTC') AS begins
            FROM eras
            CROSS JOIN LATERAL generate_series(
                date_trunc('day', eras.begins AT TIME ZONE 'UTC' + utc_offset),
                ends AT TIME ZONE 'UTC' + utc_offset - interval '1 millisecond',
                interval '1 day'
            ) AS day
        ), calendar AS (
            SELECT array_agg(day ORDER BY begins) AS days,
                array_agg(begins ORDER BY begins) AS begins,
                array_agg(earlier ORDER BY begins) AS earlier
            FROM (
                SELECT day, begins,
                    coalesce(lag(number) OVER (PARTITION BY day ORDER BY number), 0) AS earlier
                FROM (
                    SELECT day, begins, row_number() OVER (ORDER BY begins) AS number FROM spans
                ) AS numbered
            ) AS linked
        )
        SELECT days[number] AS day, greatest(start_time, begins[number]) AS start_time,
            least(end_time, begins[number + 1]) AS end_time, earlier[number] < first AS is_first
        FROM clipped
        CROSS JOIN calendar
        CROSS JOIN LATERAL (
            SELECT width_bucket(start_time, begins) AS first, width_bucket(end_time, begins) AS last
        ) AS reached
        CROSS JOIN LATERAL generate_series(first, last) AS number
        WHERE begins[number] < end_time
    """)
    .bindparams(_FROM, _TO)
    .columns(day=Date(), start_time=MILLISECONDS, end_time=MILLISECONDS, is_first=Boolean())
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
    entries = func.count().filter(_PIECES.c.is_first)
    return (
        select(cast(day, Text), _NONE, _NONE, _seconds(_PIECES), entries, _TOTAL)
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
