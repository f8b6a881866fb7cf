/** Reports on the wire. */

import type { components, operations } from "../../generated/contract.js";
import type { TimeReport } from "../../services/report-service.js";
import type { Grouping } from "../../services/report-statements.js";
import { formatInstant, parseInstant } from "../../utils/instants.js";

type Wire = components["schemas"];
type ReportQuery = Required<operations["getTimeReport"]["parameters"]["query"]>;

/** The parameters of a report. */
export interface TimeReportQuery {
  start: Date;
  end: Date;
  groupBy: Grouping;
  tz: string;
}

/** Reads the parameters of a report. */
export function loadTimeReportQuery(query: ReportQuery): TimeReportQuery {
  const { group_by: groupBy, tz } = query;
  return { start: parseInstant(query.from), end: parseInstant(query.to), groupBy, tz };
}

/** Writes a report. Only one of `day`, `task_id` and `tag` is set. */
export function dumpTimeReport(report: TimeReport): Wire["TimeReport"] {
  return {
    from: formatInstant(report.start),
    to: formatInstant(report.end),
    group_by: report.groupBy,
    tz: report.tz as Wire["TimeZoneName"],
    tracked_seconds: Number(report.trackedSeconds),
    rows: report.rows.map((row) => ({
      day: row.day,
      task_id: row.task_id,
      tag: row.tag,
      tracked_seconds: Number(row.tracked_seconds),
      entry_count: Number(row.entry_count),
    })),
  };
}
