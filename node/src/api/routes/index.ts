/** One handler for each operation: typed input, a call of a service, and its result dumped. */

import type { Settings } from "../../config.js";
import type { Handlers } from "../answers.js";
import type { Metrics } from "../middleware/metrics.js";
import { authHandlers } from "./auth.js";
import { reportHandlers } from "./reports.js";
import { systemHandlers } from "./system.js";
import { taskHandlers } from "./tasks.js";
import { timeEntryHandlers } from "./time-entries.js";
import { timerHandlers } from "./timer.js";
import { userHandlers } from "./users.js";

/** Lists the handlers of all operations by their names. */
export function allHandlers(settings: Settings, metrics: Metrics): Handlers {
  return {
    ...authHandlers,
    ...userHandlers,
    ...taskHandlers,
    ...timeEntryHandlers,
    ...timerHandlers,
    ...reportHandlers,
    ...systemHandlers(settings, metrics),
  };
}
