/** Time entries: intervals of time spent on a task. Writers lock the task first. */

import { db, transactional, violated } from "../db.js";
import { Prisma, type TimeEntry } from "../generated/prisma/client.js";
import {
  InvalidIntervalError,
  TimeEntryNotFoundError,
  TimeEntryOverlapError,
  TimerAlreadyRunningError,
} from "../utils/errors.js";
import { newId } from "../utils/identifiers.js";
import * as lists from "./list-statements.js";
import { type Page, takePage } from "./paging.js";
import * as statements from "./statements.js";
import { findTask, lockTask } from "./task-service.js";

const RUNNING = Prisma.sql`end_time IS NULL`;
const COMPLETED = Prisma.sql`end_time IS NOT NULL`;

/** `[startTime, endTime)`; without an end the entry is running. */
export type TimeEntryFields = Pick<TimeEntry, "startTime" | "endTime" | "note">;

/** The filters and the order of a list of time entries; a missing key does not filter. */
export interface TimeEntryFilter {
  taskId?: string;
  running?: boolean;
  startedFrom?: Date;
  startedBefore?: Date;
  sort: string;
  limit: number;
  cursor?: string;
}

/** Returns the user's time entries that match all given filters. Throws an InvalidCursorError. */
export async function listTimeEntries(
  userId: string,
  filter: TimeEntryFilter,
): Promise<Page<TimeEntry>> {
  const { sort, limit, cursor } = filter;
  const order = { sort, column: "start_time", field: "startTime", type: "time" } as const;
  return takePage(order, limit, cursor, (window) =>
    lists.listTimeEntries(userId, filtered(filter), window),
  );
}

/** Returns the time entries of one task. Throws a TaskNotFoundError or an InvalidCursorError. */
export async function listTaskTimeEntries(
  userId: string,
  taskId: string,
  filter: TimeEntryFilter,
): Promise<Page<TimeEntry>> {
  await findTask(userId, taskId);
  return listTimeEntries(userId, { ...filter, taskId });
}

/**
 * Creates a time entry; without an `endTime` it is running.
 *
 * Throws a TaskNotFoundError, an InvalidIntervalError, a TimeEntryOverlapError or a
 * TimerAlreadyRunningError.
 */
export const createTimeEntry = transactional(
  async (userId: string, taskId: string, fields: TimeEntryFields): Promise<TimeEntry> => {
    await lockTask(userId, taskId);
    return insertTimeEntry(userId, taskId, fields);
  },
);

/** Returns one of the user's time entries. Throws a TimeEntryNotFoundError. */
export async function getTimeEntry(userId: string, timeEntryId: string): Promise<TimeEntry> {
  const entry = await db().timeEntry.findFirst({ where: { id: timeEntryId, userId } });
  if (entry === null) throw new TimeEntryNotFoundError();
  return entry;
}

/**
 * Updates the given properties; `check` receives the current entry.
 *
 * Throws a TimeEntryNotFoundError and what `createTimeEntry` throws.
 */
export const updateTimeEntry = transactional(
  async (
    userId: string,
    timeEntryId: string,
    changes: Partial<TimeEntryFields>,
    check: (entry: TimeEntry) => void,
  ): Promise<TimeEntry> => {
    const entry = await lockTimeEntry(userId, timeEntryId);
    check(entry);
    const { startTime, endTime, note } = { ...entry, ...changes };
    await checkInterval(timeEntryId, entry.taskId, startTime, endTime);
    const data = { startTime, endTime, note };
    return db()
      .timeEntry.update({ where: { id: timeEntryId }, data })
      .catch(throwDomainError);
  },
);

/** Deletes a time entry; `check` receives the current entry. Throws a TimeEntryNotFoundError. */
export const deleteTimeEntry = transactional(
  async (
    userId: string,
    timeEntryId: string,
    check: ((entry: TimeEntry) => void) | undefined,
  ): Promise<void> => {
    const entry = await lockTimeEntry(userId, timeEntryId);
    check?.(entry);
    await db().timeEntry.deleteMany({ where: { id: timeEntryId } });
  },
);

/** Stores a new entry of a task that is locked. Throws what `createTimeEntry` throws. */
export async function insertTimeEntry(
  userId: string,
  taskId: string,
  fields: TimeEntryFields,
): Promise<TimeEntry> {
  const id = newId();
  await checkInterval(id, taskId, fields.startTime, fields.endTime);
  const data = { id, userId, taskId, ...fields };
  return db().timeEntry.create({ data }).catch(throwDomainError);
}

async function lockTimeEntry(userId: string, timeEntryId: string): Promise<TimeEntry> {
  if ((await statements.lockTaskOf(userId, timeEntryId)) === undefined)
    throw new TimeEntryNotFoundError();
  return getTimeEntry(userId, timeEntryId);
}

async function checkInterval(
  timeEntryId: string,
  taskId: string,
  startTime: Date,
  endTime: Date | null,
): Promise<void> {
  if (endTime !== null && endTime < startTime) throw new InvalidIntervalError();
  if (startTime.getTime() === endTime?.getTime()) return;
  // The others do not overlap each other, so only the last to begin before the end can overlap.
  const last = await db().timeEntry.findFirst({
    where: {
      taskId,
      id: { not: timeEntryId },
      ...(endTime !== null && { startTime: { lt: endTime } }),
      OR: [{ endTime: null }, { endTime: { gt: db().timeEntry.fields.startTime } }],
    },
    orderBy: [{ startTime: "desc" }, { id: "desc" }],
    select: { endTime: true },
  });
  if (last !== null && (last.endTime === null || last.endTime > startTime)) {
    throw new TimeEntryOverlapError();
  }
}

function throwDomainError(error: unknown): never {
  if (violated(error) === "time_entries_one_running") throw new TimerAlreadyRunningError();
  throw error;
}

function filtered(filter: TimeEntryFilter): Prisma.Sql[] {
  const { taskId, running, startedFrom, startedBefore } = filter;
  return [
    ...(taskId === undefined ? [] : [Prisma.sql`task_id = ${taskId}::uuid`]),
    ...(running === undefined ? [] : [running ? RUNNING : COMPLETED]),
    ...(startedFrom === undefined
      ? []
      : [Prisma.sql`start_time >= ${lists.instantOf(startedFrom)}`]),
    ...(startedBefore === undefined
      ? []
      : [Prisma.sql`start_time < ${lists.instantOf(startedBefore)}`]),
  ];
}
