/** Intervals of time spent on a task. */

import type { TimeEntry } from "../../generated/prisma/client.js";
import type { OperationId } from "../../operations.js";
import * as timeEntryService from "../../services/time-entry-service.js";
import { type Answer, created, noContent, ok, okPage } from "../answers.js";
import type { Call } from "../call.js";
import { ifMatch, ifMatchRequired } from "../middleware/conditional.js";
import {
  dumpTimeEntry,
  loadTimeEntryCreate,
  loadTimeEntryFilter,
  loadTimeEntryUpdate,
} from "../schemas/time-entry.js";

/** Returns the user's time entries that match all given filters. */
export async function listTimeEntries(call: Call<"listTimeEntries">): Promise<Answer> {
  const filter = loadTimeEntryFilter(call.query);
  const page = await timeEntryService.listTimeEntries(call.userId, filter);
  return okPage(call, page, dumpTimeEntry);
}

/** Creates a time entry. */
export async function createTimeEntry(call: Call<"createTimeEntry">): Promise<Answer> {
  const { task_id: taskId, ...body } = call.body;
  const fields = loadTimeEntryCreate(body);
  const entry = await timeEntryService.createTimeEntry(call.userId, taskId, fields);
  return created(call, dumpTimeEntry(entry), timeEntryPath(call, entry));
}

/** Returns one of the user's time entries. */
export async function getTimeEntry(call: Call<"getTimeEntry">): Promise<Answer> {
  const entryId = call.pathValues.time_entry_id;
  return ok(call, dumpTimeEntry(await timeEntryService.getTimeEntry(call.userId, entryId)));
}

/** Updates the properties that the body contains and leaves the others unchanged. */
export async function updateTimeEntry(call: Call<"updateTimeEntry">): Promise<Answer> {
  const entry = await timeEntryService.updateTimeEntry(
    call.userId,
    call.pathValues.time_entry_id,
    loadTimeEntryUpdate(call.body),
    ifMatchRequired(call, dumpTimeEntry),
  );
  return ok(call, dumpTimeEntry(entry));
}

/** Deletes a time entry, even if it is running. */
export async function deleteTimeEntry(call: Call<"deleteTimeEntry">): Promise<Answer> {
  const entryId = call.pathValues.time_entry_id;
  await timeEntryService.deleteTimeEntry(call.userId, entryId, ifMatch(call, dumpTimeEntry));
  return noContent();
}

/** Returns the task's time entries that match all given filters. */
export async function listTaskTimeEntries(call: Call<"listTaskTimeEntries">): Promise<Answer> {
  const filter = loadTimeEntryFilter(call.query);
  const taskId = call.pathValues.task_id;
  const page = await timeEntryService.listTaskTimeEntries(call.userId, taskId, filter);
  return okPage(call, page, dumpTimeEntry);
}

/** Creates a time entry for the task in the path. */
export async function createTaskTimeEntry(call: Call<"createTaskTimeEntry">): Promise<Answer> {
  const fields = loadTimeEntryCreate(call.body);
  const taskId = call.pathValues.task_id;
  const entry = await timeEntryService.createTimeEntry(call.userId, taskId, fields);
  return created(call, dumpTimeEntry(entry), timeEntryPath(call, entry));
}

/** Returns the path of a time entry. */
export function timeEntryPath<Id extends OperationId>(call: Call<Id>, entry: TimeEntry): string {
  return call.pathOf("getTimeEntry", { time_entry_id: entry.id });
}

export const HANDLERS = {
  listTimeEntries,
  createTimeEntry,
  getTimeEntry,
  updateTimeEntry,
  deleteTimeEntry,
  listTaskTimeEntries,
  createTaskTimeEntry,
};
