/** One handler for each operation: typed input, a call of a service, and its result dumped. */

import type { Settings } from "../../config.js";
import type { Handlers } from "../answers.js";
import type { Metrics } from "../middleware/metrics.js";
import * as auth from "./auth.js";
import * as reports from "./reports.js";
import { System } from "./system.js";
import * as tasks from "./tasks.js";
import * as timeEntries from "./time-entries.js";
import * as timer from "./timer.js";
import * as users from "./users.js";

/** Lists the handlers of all operations; each is named like its operation. */
export function allHandlers(settings: Settings, metrics: Metrics): Handlers {
  return {
    ...auth.HANDLERS,
    ...users.HANDLERS,
    ...tasks.HANDLERS,
    ...timeEntries.HANDLERS,
    ...timer.HANDLERS,
    ...reports.HANDLERS,
    ...new System(settings, metrics).handlers(),
  };
}
