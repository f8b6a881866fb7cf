/** The one running time entry that a user may have. */

import * as timerService from "../../services/timer-service.js";
import { created, type Handlers, ok } from "../answers.js";
import { dumpTimeEntry } from "../schemas/time-entry.js";
import { timeEntryPath } from "./time-entries.js";

export const timerHandlers: Handlers<"getTimer" | "startTimer" | "stopTimer"> = {
  /** Gives the running time entry. */
  async getTimer(call) {
    return ok(call, dumpTimeEntry(await timerService.getTimer(call.userId)));
  },

  /** Makes a running time entry that starts now. */
  async startTimer(call) {
    const { task_id: taskId, note } = call.body;
    const stopPrevious = call.query.on_conflict === "stop_previous";
    const entry = await timerService.startTimer(call.userId, taskId, note, stopPrevious);
    return created(call, dumpTimeEntry(entry), timeEntryPath(call, entry));
  },

  /** Ends the running time entry now. */
  async stopTimer(call) {
    return ok(call, dumpTimeEntry(await timerService.stopTimer(call.userId)));
  },
};
