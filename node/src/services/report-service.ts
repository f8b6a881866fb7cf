/** Reports: tracked time, summed up by day, task or tag. */

import { resources } from "../current.js";
import { InvalidIntervalError, RangeTooLongError } from "../utils/errors.js";
import { addUp, type Grouping, type TimeReportRow } from "./report-statements.js";

const DAY = 24 * 60 * 60 * 1000;

/** Whole seconds tracked from `start` to `end`; rows are grouped by `groupBy`. */
export interface TimeReport {
  start: Date;
  end: Date;
  groupBy: Grouping;
  tz: string;
  trackedSeconds: bigint;
  rows: TimeReportRow[];
}

/**
 * Sums up the user's completed time entries within `[start, end)`.
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
  const rows = await addUp(groupBy, { userId, start, end, tz });
  return { start, end, groupBy, tz, trackedSeconds: rows[0]?.total ?? 0n, rows };
}
