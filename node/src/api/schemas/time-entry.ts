/** Time entries on the wire. */

import type { components, operations } from "../../generated/contract.js";
import type { TimeEntry } from "../../generated/prisma/client.js";
import type { TimeEntryFields, TimeEntryFilter } from "../../services/time-entry-service.js";
import { formatInstant, parseInstant } from "../../utils/instants.js";

type Wire = components["schemas"];
type Query = NonNullable<operations["listTimeEntries"]["parameters"]["query"]>;
type ListQuery = Query & Required<Pick<Query, "sort" | "limit">>;

/** Writes a time entry. `duration` is in whole seconds. */
export function dumpTimeEntry(entry: TimeEntry): Wire["TimeEntry"] {
  return {
    id: entry.id,
    task_id: entry.taskId,
    start_time: formatInstant(entry.startTime),
    end_time: entry.endTime && formatInstant(entry.endTime),
    duration: entry.duration === null ? null : Number(entry.duration),
    note: entry.note,
    created_at: formatInstant(entry.createdAt),
    updated_at: formatInstant(entry.updatedAt),
  };
}

/** Reads a time entry to be created. */
export function loadTimeEntryCreate(body: Wire["TaskTimeEntryCreate"]): TimeEntryFields {
  return {
    startTime: parseInstant(body.start_time),
    endTime: body.end_time === null ? null : parseInstant(body.end_time),
    note: body.note,
  };
}

/** Reads the changes to a time entry. */
export function loadTimeEntryUpdate(body: Wire["TimeEntryUpdate"]): Partial<TimeEntryFields> {
  const { start_time, end_time, note } = body;
  return {
    ...(start_time !== undefined && { startTime: parseInstant(start_time) }),
    ...(end_time !== undefined && { endTime: end_time === null ? null : parseInstant(end_time) }),
    ...(note !== undefined && { note }),
  };
}

/** Reads the filters and the order of a list of time entries. */
export function loadTimeEntryFilter(query: ListQuery): TimeEntryFilter {
  return {
    sort: query.sort,
    limit: query.limit,
    ...(query.cursor !== undefined && { cursor: query.cursor }),
    ...(query.task_id !== undefined && { taskId: query.task_id }),
    ...(query.running !== undefined && { running: query.running }),
    ...(query.started_from !== undefined && { startedFrom: parseInstant(query.started_from) }),
    ...(query.started_before !== undefined && {
      startedBefore: parseInstant(query.started_before),
    }),
  };
}
