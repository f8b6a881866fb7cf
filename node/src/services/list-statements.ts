/**
 * The SQL of lists, whose pages begin at a row comparison.
 *
 * Prisma's client has none: its OR reads a deep page from the start of the list, 14,446 rows where
 * the comparison reads 8 blocks.
 */

import { rowsOf } from "../db.js";
import { Prisma, type TimeEntry, type TrackedTask, type User } from "../generated/prisma/client.js";
import { formatInstant } from "../utils/instants.js";
import type { Window } from "./paging.js";
import { TASK, TIME_ENTRY, USER } from "./statements.js";

/** Lists a page of all users. */
export function listUsers(page: Window): Promise<User[]> {
  return rowsOf<User>(paged(Prisma.sql`SELECT ${USER} FROM users WHERE true`, page));
}

/** Lists a page of a user's tasks that meet the conditions. */
export function listTasks(
  userId: string,
  conditions: Prisma.Sql[],
  page: Window,
): Promise<TrackedTask[]> {
  const owned = Prisma.sql`user_id = ${userId}::uuid`;
  const selected = Prisma.sql`
    SELECT ${TASK}, tracked_seconds AS "trackedSeconds" FROM tracked_tasks
    WHERE ${Prisma.join([owned, ...conditions], " AND ")}`;
  return rowsOf<TrackedTask>(paged(selected, page));
}

/** Lists a page of a user's time entries that meet the conditions. */
export function listTimeEntries(
  userId: string,
  conditions: Prisma.Sql[],
  page: Window,
): Promise<TimeEntry[]> {
  const owned = Prisma.sql`user_id = ${userId}::uuid`;
  const selected = Prisma.sql`
    SELECT ${TIME_ENTRY} FROM time_entries WHERE ${Prisma.join([owned, ...conditions], " AND ")}`;
  return rowsOf<TimeEntry>(paged(selected, page));
}

/** Writes an instant in SQL. */
export function instantOf(time: Date): Prisma.Sql {
  return Prisma.sql`${formatInstant(time)}::timestamptz`;
}

// `selected` ends with a condition.
function paged(selected: Prisma.Sql, { parts, inner, outer, rows }: Window): Prisma.Sql {
  const pages = parts.map(
    (part) => Prisma.sql`${selected} AND ${part} ORDER BY ${inner} LIMIT ${rows}`,
  );
  const [only, ...others] = pages;
  if (only !== undefined && others.length === 0) return only;
  const all = Prisma.join(
    pages.map((page) => Prisma.sql`(${page})`),
    " UNION ALL ",
  );
  return Prisma.sql`SELECT * FROM (${all}) AS parts ORDER BY ${outer} LIMIT ${rows}`;
}
