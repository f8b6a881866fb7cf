/** Intervals of time spent on a task. */

import type { TimeEntry } from "../../generated/prisma/client.js";
import type { OperationId } from "../../operations.js";
import * as timeEntryService from "../../services/time-entry-service.js";
import { created, type Handlers, noContent, ok, okPage } from "../answers.js";
import type { Call } from "../call.js";
import { ifMatch, ifMatchRequired } from "../middleware/conditional.js";
import {
  dumpTimeEntry,
  loadTimeEntryCreate,
  loadTimeEntryFilter,
  loadTimeEntryUpdate,
} from "../schemas/time-entry.js";

export const timeEntryHandlers: Handlers<
  | "listTimeEntries"
  | "createTimeEntry"
  | "getTimeEntry"
  | "updateTimeEntry"
  | "deleteTimeEntry"
  | "listTaskTimeEntries"
  | "createTaskTimeEntry"
> = {
  /** Lists the user's time entries that satisfy every filter given. */
  async listTimeEntries(call) {
    const filter = loadTimeEntryFilter(call.query);
    const page = await timeEntryService.listTimeEntries(call.userId, filter);
    return okPage(call, page, dumpTimeEntry);
  },

  /** Makes a time entry. */
  async createTimeEntry(call) {
    const { task_id: taskId, ...body } = call.body;
    const fields = loadTimeEntryCreate(body);
    const entry = await timeEntryService.createTimeEntry(call.userId, taskId, fields);
    return created(call, dumpTimeEntry(entry), timeEntryPath(call, entry));
  },

  /** Gives one time entry of the user's. */
  async getTimeEntry(call) {
    const entryId = call.pathValues.time_entry_id;
    return ok(call, dumpTimeEntry(await timeEntryService.getTimeEntry(call.userId, entryId)));
  },

  /** Changes what the body names and leaves the rest. */
  async updateTimeEntry(call) {
    const entry = await timeEntryService.updateTimeEntry(
      call.userId,
      call.pathValues.time_entry_id,
      loadTimeEntryUpdate(call.body),
      ifMatchRequired(call, dumpTimeEntry),
    );
    return ok(call, dumpTimeEntry(entry));
  },

  /** Deletes a time entry, also a running one. */
  async deleteTimeEntry(call) {
    const entryId = call.pathValues.time_entry_id;
    await timeEntryService.deleteTimeEntry(call.userId, entryId, ifMatch(call, dumpTimeEntry));
    return noContent();
  },

  /** Lists the time entries of one task of the user's that satisfy every filter given. */
  async listTaskTimeEntries(call) {
    const filter = loadTimeEntryFilter(call.query);
    const taskId = call.pathValues.task_id;
    const page = await timeEntryService.listTaskTimeEntries(call.userId, taskId, filter);
    return okPage(call, page, dumpTimeEntry);
  },

  /** Makes a time entry of the task in the path. */
  async createTaskTimeEntry(call) {
    const fields = loadTimeEntryCreate(call.body);
    const taskId = call.pathValues.task_id;
    const entry = await timeEntryService.createTimeEntry(call.userId, taskId, fields);
    return created(call, dumpTimeEntry(entry), timeEntryPath(call, entry));
  },
};

/** Gives the path of a time entry. */
export function timeEntryPath<Id extends OperationId>(call: Call<Id>, entry: TimeEntry): string {
  return call.pathOf("getTimeEntry", { time_entry_id: entry.id });
}
