"""Reports: tracked time, added up by day, task or tag."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from ..current import resources
from ..db import connection, immediate
from ..utils.errors import InvalidIntervalError, RangeTooLongError

_CLIPPED = """
WITH clipped AS (
    SELECT task_id, greatest(start_time, :from) AS start_time, least(end_time, :to) AS end_time
    FROM time_entries
    WHERE user_id = :user_id AND start_time < :to AND end_time > :from AND start_time < end_time
), total AS (
    SELECT floor(sum(extract(epoch FROM end_time - start_time)))::bigint AS seconds FROM clipped
)
"""

# A day begins with the first instant that has its date, also where the clock goes back over
# midnight: there AT TIME ZONE gives the second one.
_BY_DAY = f"""{_CLIPPED}, pieces AS (
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
)
SELECT to_char(day, 'YYYY-MM-DD') AS day, NULL AS task_id, NULL AS tag,
    floor(sum(extract(epoch FROM end_time - start_time)))::bigint AS tracked_seconds,
    count(*) AS entry_count, (SELECT seconds FROM total) AS total
FROM pieces GROUP BY day ORDER BY day
"""  # noqa: S608

_BY_TASK = f"""{_CLIPPED}
SELECT NULL AS day, task_id::text AS task_id, NULL AS tag,
    floor(sum(extract(epoch FROM end_time - start_time)))::bigint AS tracked_seconds,
    count(*) AS entry_count, (SELECT seconds FROM total) AS total
FROM clipped GROUP BY clipped.task_id ORDER BY clipped.task_id
"""  # noqa: S608

_BY_TAG = f"""{_CLIPPED}
SELECT NULL AS day, NULL AS task_id, tag,
    floor(sum(extract(epoch FROM end_time - start_time)))::bigint AS tracked_seconds,
    count(*) AS entry_count, (SELECT seconds FROM total) AS total
FROM clipped
JOIN tasks ON tasks.id = clipped.task_id
LEFT JOIN LATERAL unnest(tasks.tags) AS tag ON true
GROUP BY tag ORDER BY tag COLLATE "C" NULLS LAST
"""  # noqa: S608

_STATEMENTS = {"day": text(_BY_DAY), "task": text(_BY_TASK), "tag": text(_BY_TAG)}


@dataclass(frozen=True, slots=True)
class TimeReport:
    """Whole seconds tracked from `start` to `end`; rows have what `group_by` asks for."""

    start: datetime
    end: datetime
    group_by: str
    tz: str
    tracked_seconds: int
    rows: list[Any]


@immediate
def get_time_report(
    user_id: str, start: datetime, end: datetime, group_by: str, tz: str
) -> TimeReport:
    """Adds up the user's ended time entries within `[start, end)`.

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
    rows = list(connection().execute(_STATEMENTS[group_by], named))
    return TimeReport(start, end, group_by, tz, rows[0].total if rows else 0, rows)
