/** The SQL of reports: the time of a range, clipped to it and summed up. */

import { rowsOf } from "../db.js";
import { Prisma } from "../generated/prisma/client.js";
import { formatInstant } from "../utils/instants.js";

export type Grouping = "day" | "task" | "tag";

/** Only one of `day`, `task_id` and `tag` is set; `total` is that of the whole report. */
export interface TimeReportRow {
  day: string | null;
  task_id: string | null;
  tag: string | null;
  tracked_seconds: bigint;
  entry_count: bigint;
  total: bigint;
}

/** The time entries of a user that a report covers. */
export interface Range {
  userId: string;
  start: Date;
  end: Date;
  tz: string;
}

// A report looks so far back for entries that reach into it, and for those that are longer apart.
const LONG_SECONDS = Prisma.raw("86400");

/** Sums up the time of a range by day, task or tag. */
export function addUp(groupBy: Grouping, range: Range): Promise<TimeReportRow[]> {
  return rowsOf<TimeReportRow>(GROUPED[groupBy](range));
}

function boundsOf({ start, end }: Range): { from: Prisma.Sql; to: Prisma.Sql } {
  return {
    from: Prisma.sql`${formatInstant(start)}::timestamptz`,
    to: Prisma.sql`${formatInstant(end)}::timestamptz`,
  };
}

function clipped(range: Range): Prisma.Sql {
  const { from, to } = boundsOf(range);
  const reaching = Prisma.sql`
    SELECT task_id, greatest(start_time, ${from}) AS start_time, least(end_time, ${to}) AS end_time
    FROM time_entries
    WHERE user_id = ${range.userId}::uuid
        AND start_time < ${to} AND end_time > ${from} AND start_time < end_time`;
  // No index has a range of two columns: only long entries are looked for further back.
  const earliest = Prisma.sql`(${from} - make_interval(secs => ${LONG_SECONDS}))`;
  return Prisma.sql`
WITH RECURSIVE clipped AS (
    ${reaching} AND start_time >= ${earliest}
    UNION ALL
    ${reaching} AND start_time < ${earliest} AND duration >= ${LONG_SECONDS}
), total AS (
    SELECT floor(sum(extract(epoch FROM end_time - start_time)))::bigint AS seconds FROM clipped
)`;
}

// An instant is of the day that the clock shows, also where that goes back over midnight or leaves
// a day out. PostgreSQL lists no changes of a zone, but no two are within six hours: between samples
// so far apart each is found to the second. From one to the next, days begin at midnight.
function pieces(range: Range): Prisma.Sql {
  const { from, to } = boundsOf(range);
  const tz = Prisma.sql`${range.tz}::text`;
  return Prisma.sql`
changes AS (
    SELECT before, after, old_offset
    FROM (
        SELECT instant AS before, utc_offset AS old_offset,
            lead(instant) OVER (ORDER BY instant) AS after,
            lead(utc_offset) OVER (ORDER BY instant) AS new_offset
        FROM (
            SELECT instant,
                (instant AT TIME ZONE ${tz}) - (instant AT TIME ZONE 'UTC') AS utc_offset
            FROM generate_series(
                date_trunc('hour', ${from}), ${to} + interval '6 hours', interval '6 hours'
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
            (middle AT TIME ZONE ${tz}) - (middle AT TIME ZONE 'UTC') = old_offset AS is_old
    ) AS tried
    WHERE after - before > interval '1 second'
), eras AS (
    SELECT begins, lead(begins, 1, ${to}) OVER (ORDER BY begins) AS ends,
        (begins AT TIME ZONE ${tz}) - (begins AT TIME ZONE 'UTC') AS utc_offset
    FROM (
        SELECT ${from} AS begins
        UNION ALL
        SELECT after FROM changes
        WHERE after - before = interval '1 second' AND after > ${from} AND after < ${to}
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
), pieces AS (
    SELECT days[number] AS day, greatest(start_time, begins[number]) AS start_time,
        least(end_time, begins[number + 1]) AS end_time, earlier[number] < first AS is_first
    FROM clipped
    CROSS JOIN calendar
    CROSS JOIN LATERAL (
        SELECT width_bucket(start_time, begins) AS first, width_bucket(end_time, begins) AS last
    ) AS reached
    CROSS JOIN LATERAL generate_series(first, last) AS number
    WHERE begins[number] < end_time
)`;
}

const byDay = (range: Range) => Prisma.sql`${clipped(range)}, ${pieces(range)}
SELECT to_char(day, 'YYYY-MM-DD') AS day, NULL AS task_id, NULL AS tag,
    floor(sum(extract(epoch FROM end_time - start_time)))::bigint AS tracked_seconds,
    count(*) FILTER (WHERE is_first) AS entry_count, (SELECT seconds FROM total) AS total
FROM pieces GROUP BY day ORDER BY day`;

const byTask = (range: Range) => Prisma.sql`${clipped(range)}
SELECT NULL AS day, task_id::text AS task_id, NULL AS tag,
    floor(sum(extract(epoch FROM end_time - start_time)))::bigint AS tracked_seconds,
    count(*) AS entry_count, (SELECT seconds FROM total) AS total
FROM clipped GROUP BY clipped.task_id ORDER BY clipped.task_id`;

const byTag = (range: Range) => Prisma.sql`${clipped(range)}
SELECT NULL AS day, NULL AS task_id, tag,
    floor(sum(extract(epoch FROM end_time - start_time)))::bigint AS tracked_seconds,
    count(*) AS entry_count, (SELECT seconds FROM total) AS total
FROM clipped
JOIN tasks ON tasks.id = clipped.task_id
LEFT JOIN LATERAL unnest(tasks.tags) AS tag ON true
GROUP BY tag ORDER BY tag COLLATE "C" NULLS LAST`;

const GROUPED: Record<Grouping, (range: Range) => Prisma.Sql> = {
  day: byDay,
  task: byTask,
  tag: byTag,
};
