/**
 * What each operation reads of an account with very many tasks and time entries.
 *
 * The rows are those of contract-tests/growth.sql: 100,000 tasks and a million time entries with
 * GROWTH=full, which also takes longer.
 */

import { expect } from "vitest";
import type { Settings } from "../src/config.js";
import { using } from "../src/current.js";
import type { User } from "../src/generated/prisma/client.js";
import { makeResources } from "../src/resources.js";
import * as authService from "../src/services/auth-service.js";
import * as reportService from "../src/services/report-service.js";
import * as taskService from "../src/services/task-service.js";
import * as timeEntryService from "../src/services/time-entry-service.js";
import * as timerService from "../src/services/timer-service.js";
import * as tokenService from "../src/services/token-service.js";
import * as userService from "../src/services/user-service.js";
import { freshEmail, PASSWORD } from "./clients.js";
import { test as base, copied, ENTRIES, TASKS } from "./fixtures.js";
import { queried, type Reads, reads } from "./reads.js";

const USER_ID = "00000000-0000-7000-8000-000000000001";
// A user with one task and a session.
const OTHER_ID = "00000000-0000-7000-8000-000000000004";
const ENDLESS_ID = "00000000-0000-7000-8006-000000000001";
const SESSION_ID = "00000000-0000-7000-8003-000000000003";
const FEBRUARY = Date.UTC(2026, 1, 1);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const LIMIT = 20;
// Blocks of all tables and indexes per operation; a written row is looked up in each index.
const FEW = 200;
const ALLOWANCE = 40;
// The hash of PASSWORD with low costs.
const CHEAP =
  "$argon2id$v=19$m=8,t=1,p=1$REvjY+z8o6+M1aESDsU17w$clDPFS1M3f8hYnnAVIsQDvP8Q1hysc6smQSY0MA8VU4";

// Counts the statements that delete tasks.
const COUNTED = `
  CREATE SEQUENCE deletions;
  CREATE FUNCTION count_deletion() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM nextval('deletions');
    RETURN NULL;
  END $$;
  CREATE TRIGGER counts AFTER DELETE ON tasks
    FOR EACH STATEMENT EXECUTE FUNCTION count_deletion()`;
const DELETIONS = "SELECT last_value::int AS number FROM deletions";
const BATCH_ROWS = 10_000;

type Work = () => Promise<unknown>;

const test = base.extend<{ large: Settings }>({
  /** The settings of a grown database in which each test has its own rows. */
  large: [
    async ({ settings, grownTemplate }, use) =>
      copied(grownTemplate, (databaseUrl) => use({ ...settings, databaseUrl })),
    { scope: "file" },
  ],
});

function numbered(table: number, number: number): string {
  return `00000000-0000-7000-${8000 + table}-${number.toString(16).padStart(12, "0")}`;
}

/** Checks no precondition. */
const nothing = (): void => {};

async function enter(): Promise<User> {
  const email = freshEmail();
  const user = await authService.registerUser(email, PASSWORD);
  await authService.logIn(email, PASSWORD);
  return user;
}

async function changeUser(): Promise<void> {
  const changes = { email: freshEmail(), currentPassword: PASSWORD };
  await userService.updateUser(await enter(), SESSION_ID, changes, nothing);
}

async function authenticate(): Promise<void> {
  await authService.authenticate(await tokenService.makeAccessToken(OTHER_ID, SESSION_ID, 60));
}

function listTasks(filters: Partial<taskService.TaskFilter> = {}): Work {
  return () => taskService.listTasks(USER_ID, { sort: "-created_at", limit: LIMIT, ...filters });
}

function listEntries(filters: Partial<timeEntryService.TimeEntryFilter> = {}): Work {
  return () =>
    timeEntryService.listTimeEntries(USER_ID, { sort: "-start_time", limit: LIMIT, ...filters });
}

async function createEntry(): Promise<void> {
  const fields = { startTime: new Date(FEBRUARY), endTime: new Date(FEBRUARY + HOUR), note: null };
  await timeEntryService.createTimeEntry(OTHER_ID, ENDLESS_ID, fields);
}

async function useTimer(): Promise<void> {
  await timerService.startTimer(OTHER_ID, ENDLESS_ID, null, true);
  await timerService.getTimer(OTHER_ID);
  await timerService.stopTimer(OTHER_ID);
}

const OPERATIONS: Record<string, Work> = {
  "register and log in": enter,
  authenticate,
  refresh: () => authService.refreshTokens("3"),
  "log out": () => authService.logOut(numbered(0, 8), "7"),
  "change a user": changeUser,
  "delete a user": async () => userService.deleteUser(await enter(), PASSWORD),
  "list users": () => userService.listUsers(LIMIT, undefined),
  "list tasks": listTasks(),
  "list tasks that were updated": listTasks({
    sort: "updated_at",
    updatedSince: new Date(FEBRUARY - 30 * DAY),
  }),
  "list tasks that are due": listTasks({ sort: "due_at", dueBefore: new Date(FEBRUARY) }),
  "create a task": () =>
    taskService.createTask(USER_ID, {
      title: "a",
      description: null,
      status: "pending",
      tags: [],
      dueAt: null,
    }),
  "read a task": () => taskService.getTask(USER_ID, numbered(1, 77)),
  "change a task": () => taskService.updateTask(USER_ID, numbered(1, 78), { title: "b" }, nothing),
  "delete a task": () => taskService.deleteTask(USER_ID, numbered(1, 79), nothing),
  "list entries": listEntries(),
  "list running entries": listEntries({ running: true }),
  "list completed entries": listEntries({ running: false }),
  "list entries of long ago": listEntries({
    startedBefore: new Date(FEBRUARY - (HOUR * ENTRIES) / 2),
  }),
  "list entries of a few tasks": listEntries({ taskId: numbered(1, 77) }),
  "list entries of a large task": () =>
    timeEntryService.listTaskTimeEntries(OTHER_ID, ENDLESS_ID, {
      sort: "-start_time",
      limit: LIMIT,
    }),
  "create an entry": createEntry,
  "read an entry": () => timeEntryService.getTimeEntry(USER_ID, numbered(2, 77)),
  "change an entry": () =>
    timeEntryService.updateTimeEntry(OTHER_ID, numbered(7, ENTRIES / 20), { note: "b" }, nothing),
  "delete an entry": () =>
    timeEntryService.deleteTimeEntry(OTHER_ID, numbered(7, ENTRIES / 20 + 1), nothing),
  "use the timer": useTimer,
};

/** Returns the number of blocks read. */
function total(read: Record<string, Reads>): number {
  return Object.values(read).reduce((sum, { blocks }) => sum + blocks, 0);
}

/** Lists the tables that were scanned sequentially. */
function scanned(read: Record<string, Reads>): string[] {
  return Object.keys(read).filter((table) => Number(read[table]?.sequentialScans) > 0);
}

test.for(Object.entries(OPERATIONS))(
  "operation reads only its rows: %s",
  async ([, operation], { large, contract, log: _ }) => {
    const read = await reads(large, contract, operation);
    expect(scanned(read)).toEqual([]);
    expect(total(read)).toBeLessThanOrEqual(FEW);
  },
);

const SEARCHES = [{ q: "nowhere" }, { tag: "none" }, { status: "completed" }].flatMap((filter) =>
  ["-created_at", "title"].map((sort) => ({ ...filter, sort })),
);

test.for(SEARCHES)(
  "search reads each task of the user once: %j",
  async (filters, { large, contract }) => {
    const read = await reads(large, contract, listTasks(filters));
    expect(total(read)).toBeLessThanOrEqual(1.1 * TASKS + ALLOWANCE);
    // Read by the planner.
    expect(read.time_entries?.blocks).toBeLessThanOrEqual(ALLOWANCE);
  },
);

test("tracked time of a task is summed from an index", async ({ large, contract }) => {
  const read = await reads(large, contract, () => taskService.getTask(OTHER_ID, ENDLESS_ID));
  expect(scanned(read)).toEqual([]);
  expect(total(read)).toBeLessThanOrEqual(ENTRIES / 10 / 100 + ALLOWANCE);
});

const REPORTS = (["day", "task", "tag"] as const).flatMap((groupBy) =>
  [1, Math.floor(ENTRIES / 24 / 14)].map((weeksAgo) => [groupBy, weeksAgo] as const),
);

test.for(REPORTS)(
  "report of a week reads only the entries of that week: %s, %d",
  async ([groupBy, weeksAgo], { large, contract }) => {
    const start = FEBRUARY - WEEK * weeksAgo;
    const read = await reads(large, contract, () =>
      reportService.getTimeReport(USER_ID, new Date(start), new Date(start + WEEK), groupBy, "UTC"),
    );
    expect(scanned(read)).toEqual([]);
    // Including those of the day before, which may extend into it.
    expect(read.time_entries?.blocks).toBeLessThanOrEqual(8 * 24 + ALLOWANCE);
  },
);

test("large account is deleted within the statement timeout", async ({
  grown,
  contract,
  log: _,
}) => {
  const stored = "UPDATE users SET password_hash = $1 WHERE id = $2";
  await queried(grown.databaseUrl, async (client) => {
    await client.query(COUNTED);
    return client.query(stored, [CHEAP, USER_ID]);
  });
  const user = { id: USER_ID, email: "user-1@example.com", passwordHash: CHEAP, role: "user" };
  const row = { ...user, createdAt: new Date(FEBRUARY), updatedAt: new Date(FEBRUARY) };
  const resources = await makeResources({ ...grown, databaseTimeoutMs: 2000 }, contract);
  await using(resources, () => userService.deleteUser(row, PASSWORD));
  await resources.database.disconnect();
  // Full batches, one that is not full, and what goes with the user.
  const deletions = await queried(grown.databaseUrl, (client) => client.query(DELETIONS));
  expect(deletions).toEqual([{ number: Math.floor(TASKS / BATCH_ROWS) + 2 }]);
  for (const table of ["tasks", "time_entries"]) {
    const left = `SELECT FROM ${table} WHERE user_id = $1 LIMIT 1`;
    const rows = await queried(grown.databaseUrl, (client) => client.query(left, [USER_ID]));
    expect(rows).toEqual([]);
  }
});
