/** Reports: tracked time, added up by day, task or tag. */

import { resources } from "../current.js";
import { db } from "../db.js";
import { Prisma } from "../generated/prisma/client.js";
import { InvalidIntervalError, RangeTooLongError } from "../utils/errors.js";

const DAY = 24 * 60 * 60 * 1000;

export type Grouping = "day" | "task" | "tag";

interface Range {
  userId: string;
  start: Date;
  end: Date;
  tz: string;
}

export interface ReportRow {
  day: string | null;
  task_id: string | null;
  tag: string | null;
  tracked_seconds: bigint;
  entry_count: bigint;
}

/** Whole seconds tracked from `start` to `end`; rows have what `groupBy` asks for. */
export interface TimeReport {
  start: Date;
  end: Date;
  groupBy: Grouping;
  tz: string;
  trackedSeconds: bigint;
  rows: ReportRow[];
}

/**
 * Adds up the user's ended time entries within `[start, end)`.
 *
 * Throws an InvalidIntervalError or a RangeTooLongError.
 */
export async function getTimeReport(
  userId: string,
  start: Date,
  end: Date,
  groupBy: Grouping,
  tz: string,
): Promise<TimeReport> {
  if (end < start) throw new InvalidIntervalError();
  const longest = resources().contract.get("x-limits").report_days * DAY;
  if (end.getTime() - start.getTime() > longest) throw new RangeTooLongError();
  const statement = STATEMENTS[groupBy]({ userId, start, end, tz });
  const rows = await db().$queryRaw<(ReportRow & { total: bigint })[]>(statement);
  return { start, end, groupBy, tz, trackedSeconds: rows[0]?.total ?? 0n, rows };
}

const clipped = ({ userId, start, end }: Range) => Prisma.sql`
WITH clipped AS (
    SELECT task_id, greatest(start_time, ${start}) AS start_time, least(end_time, ${end}) AS end_time
    FROM time_entries
    WHERE user_id = ${userId}::uuid
        AND start_time < ${end} AND end_time > ${start} AND start_time < end_time
), total AS (
    SELECT floor(sum(extract(epoch FROM end_time - start_time)))::bigint AS seconds FROM clipped
)`;

// A day begins with the first instant that has its date, also where the clock goes back over
// midnight: there AT TIME ZONE gives the second one.
const byDay = (range: Range) => Prisma.sql`${clipped(range)}, pieces AS (
    SELECT day,
        greatest(start_time, begins) AS start_time,
        least(end_time, lead_begins) AS end_time
    FROM clipped
    CROSS JOIN LATERAL (
        SELECT day, begins, lead(begins) OVER (ORDER BY day) AS lead_begins
        FROM (
            SELECT day::date AS day,
                CASE
                    WHEN (midnight - interval '1 hour') AT TIME ZONE ${range.tz}::text >= day
                    THEN midnight - interval '1 hour'
                    ELSE midnight
                END AS begins
            FROM generate_series(
                date_trunc('day', start_time AT TIME ZONE ${range.tz}::text) - interval '1 day',
                date_trunc('day', end_time AT TIME ZONE ${range.tz}::text) + interval '2 days',
                interval '1 day'
            ) AS day
            CROSS JOIN LATERAL (SELECT day AT TIME ZONE ${range.tz}::text AS midnight) AS local
        ) AS days
    ) AS bounds
    WHERE start_time < lead_begins AND end_time > begins
)
SELECT to_char(day, 'YYYY-MM-DD') AS day, NULL AS task_id, NULL AS tag,
    floor(sum(extract(epoch FROM end_time - start_time)))::bigint AS tracked_seconds,
    count(*) AS entry_count, (SELECT seconds FROM total) AS total
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

const STATEMENTS: Record<Grouping, (range: Range) => Prisma.Sql> = {
  day: byDay,
  task: byTask,
  tag: byTag,
};
