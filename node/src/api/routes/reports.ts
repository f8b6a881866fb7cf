/** Tracked time, added up. */

import { getTimeReport } from "../../services/report-service.js";
import { type Handlers, ok } from "../answers.js";
import { dumpTimeReport, loadTimeReportQuery } from "../schemas/report.js";

export const reportHandlers: Handlers<"getTimeReport"> = {
  /** Adds up the user's ended time entries within `[from, to)`. */
  async getTimeReport(call) {
    const { start, end, groupBy, tz } = loadTimeReportQuery(call.query);
    return ok(call, dumpTimeReport(await getTimeReport(call.userId, start, end, groupBy, tz)));
  },
};
