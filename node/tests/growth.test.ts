/**
 * A page reads only its own rows, whatever the amount of data.
 *
 * The rows are those of contract-tests/growth.sql.
 */

import { expect } from "vitest";
import type { Settings } from "../src/config.js";
import type { Contract } from "../src/contract.js";
import { listTasks } from "../src/services/task-service.js";
import { listTimeEntries } from "../src/services/time-entry-service.js";
import { listUsers } from "../src/services/user-service.js";
import { encodeCursor } from "../src/utils/cursor.js";
import { formatInstant } from "../src/utils/instants.js";
import { ENTRIES, TASKS, test } from "./fixtures.js";
import { reads } from "./reads.js";

const USER_ID = "00000000-0000-7000-8000-000000000001";
const JANUARY = Date.UTC(2026, 0, 1);
const FEBRUARY = Date.UTC(2026, 1, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LIMIT = 20;
// Tolerance for differences of the query plan.
const ALLOWANCE = 20;
const TASK_SORTS = ["created_at", "updated_at", "due_at", "title"];
const LISTS = TASK_SORTS.flatMap((sort) => [sort, `-${sort}`]);

async function listPage(sort: string, cursor: string | undefined): Promise<unknown> {
  if (sort === "users") return listUsers(LIMIT, cursor);
  const filter = { sort, limit: LIMIT, ...(cursor !== undefined && { cursor }) };
  if (sort.endsWith("start_time")) return listTimeEntries(USER_ID, filter);
  return listTasks(USER_ID, filter);
}

function cursorOf(sort: string, table: number, number: number, value: string | null): string {
  const name = sort === "users" ? "created_at" : sort;
  const digits = number.toString(16).padStart(12, "0");
  return encodeCursor({ sort: name, value, id: `00000000-0000-7000-${8000 + table}-${digits}` });
}

/** Returns a cursor at nine tenths of the list. */
function deepCursor(sort: string): string {
  const descending = sort.startsWith("-");
  const at = (time: number) => formatInstant(new Date(time));
  if (sort === "users") return cursorOf(sort, 0, 4500, at(JANUARY + 4500 * MINUTE));
  if (sort.endsWith("start_time")) {
    const number = descending ? (ENTRIES / 10) * 9 : ENTRIES / 10;
    return cursorOf(sort, 2, number, at(FEBRUARY - number * HOUR));
  }
  const number = descending ? TASKS / 10 : (TASKS / 10) * 9;
  const value = sort.endsWith("title") ? `Task ${number}` : at(JANUARY + number * MINUTE);
  return cursorOf(sort, 1, number, value);
}

/** Returns the number of blocks that a page reads, all through indexes. */
async function blocks(
  settings: Settings,
  contract: Contract,
  sort: string,
  cursor?: string,
): Promise<number> {
  const read = await reads(settings, contract, () => listPage(sort, cursor));
  expect(Object.values(read).filter(({ sequentialScans }) => sequentialScans > 0)).toEqual([]);
  return Object.values(read).reduce((sum, each) => sum + each.blocks, 0);
}

test.for([...LISTS, "start_time", "-start_time", "users"])(
  "deep page reads as much as the first page: %s",
  async (sort, { grown, contract }) => {
    const first = await blocks(grown, contract, sort);
    const deep = await blocks(grown, contract, sort, deepCursor(sort));
    expect(deep).toBeLessThanOrEqual(first + ALLOWANCE);
    // An index entry and a row, and those of the time tracked on it.
    expect(first).toBeLessThanOrEqual(2 * 5 * (LIMIT + 1) + ALLOWANCE);
  },
);

test.for(["due_at", "-due_at"])(
  "deep page of tasks without a due date reads as much: %s",
  async (sort, { grown, contract }) => {
    const first = await blocks(grown, contract, sort);
    const number = sort.startsWith("-") ? TASKS / 10 + 1 : (TASKS / 10) * 9 + 1;
    const cursor = cursorOf(sort, 1, number, null);
    expect(await blocks(grown, contract, sort, cursor)).toBeLessThanOrEqual(first + ALLOWANCE);
  },
);
