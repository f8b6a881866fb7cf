/** The timer: the one running time entry of a user. It uses the clock of the database. */

import { db, OvertakenError, transactional } from "../db.js";
import type { TimeEntry } from "../generated/prisma/client.js";
import { TimerAlreadyRunningError, TimerNotRunningError } from "../utils/errors.js";
import { lockTaskOfRunning, readClock, stopTimeEntry } from "./statements.js";
import { lockTask } from "./task-service.js";
import { insertTimeEntry } from "./time-entry-service.js";

/** Returns the user's running time entry. Throws a TimerNotRunningError. */
export async function getTimer(userId: string): Promise<TimeEntry> {
  const entry = await db().timeEntry.findFirst({ where: { userId, endTime: null } });
  if (entry === null) throw new TimerNotRunningError();
  return entry;
}

/**
 * Creates a running time entry that starts now; a running one is stopped at the same instant.
 *
 * Throws a TaskNotFoundError, a TimeEntryOverlapError or, unless `stopPrevious`, a
 * TimerAlreadyRunningError.
 */
export const startTimer = transactional(
  async (
    userId: string,
    taskId: string,
    note: string | null,
    stopPrevious: boolean,
  ): Promise<TimeEntry> => {
    await lockTask(userId, taskId);
    const previous = stopPrevious ? await stop(userId) : undefined;
    const startTime = previous?.endTime ?? (await readClock());
    const fields = { startTime, endTime: null, note };
    return insertTimeEntry(userId, taskId, fields).catch((error: unknown) => {
      if (stopPrevious && error instanceof TimerAlreadyRunningError) {
        throw new OvertakenError(error);
      }
      throw error;
    });
  },
);

/**
 * Stops the running time entry now, or at its start if that is later.
 *
 * Throws a TimerNotRunningError.
 */
export const stopTimer = transactional(async (userId: string): Promise<TimeEntry> => {
  const entry = await stop(userId);
  if (entry === undefined) throw new TimerNotRunningError();
  return entry;
});

async function stop(userId: string): Promise<TimeEntry | undefined> {
  const running = await lockTaskOfRunning(userId);
  return running && stopTimeEntry(running.id);
}
