/** Aggregated tracked time. */

import * as reportService from "../../services/report-service.js";
import { type Answer, ok } from "../answers.js";
import type { Call } from "../call.js";
import { dumpTimeReport, loadTimeReportQuery } from "../schemas/report.js";

/** Sums up the user's completed time entries within `[from, to)`. */
export async function getTimeReport(call: Call<"getTimeReport">): Promise<Answer> {
  const { start, end, groupBy, tz } = loadTimeReportQuery(call.query);
  const report = await reportService.getTimeReport(call.userId, start, end, groupBy, tz);
  return ok(call, dumpTimeReport(report));
}

export const HANDLERS = { getTimeReport };
