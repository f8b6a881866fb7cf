/** The running time entry, of which a user has at most one. */

import * as timerService from "../../services/timer-service.js";
import { type Answer, created, ok } from "../answers.js";
import type { Call } from "../call.js";
import { dumpTimeEntry } from "../schemas/time-entry.js";
import { timeEntryPath } from "./time-entries.js";

/** Returns the user's running time entry. */
export async function getTimer(call: Call<"getTimer">): Promise<Answer> {
  return ok(call, dumpTimeEntry(await timerService.getTimer(call.userId)));
}

/** Creates a running time entry that starts now. */
export async function startTimer(call: Call<"startTimer">): Promise<Answer> {
  const { task_id: taskId, note } = call.body;
  const stopPrevious = call.query.on_conflict === "stop_previous";
  const entry = await timerService.startTimer(call.userId, taskId, note, stopPrevious);
  return created(call, dumpTimeEntry(entry), timeEntryPath(call, entry));
}

/** Stops the running time entry now. */
export async function stopTimer(call: Call<"stopTimer">): Promise<Answer> {
  return ok(call, dumpTimeEntry(await timerService.stopTimer(call.userId)));
}

export const HANDLERS = { getTimer, startTimer, stopTimer };
