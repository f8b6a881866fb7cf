/** Tasks that time is tracked on. */

import { db, transactional } from "../db.js";
import { Prisma, type Task, type TrackedTask } from "../generated/prisma/client.js";
import { TaskNotFoundError } from "../utils/errors.js";
import { newId } from "../utils/identifiers.js";
import * as lists from "./list-statements.js";
import { type Order, type Page, takePage } from "./paging.js";
import * as statements from "./statements.js";

/** The properties of a task that a client sets. */
export type TaskFields = Pick<Task, "title" | "description" | "status" | "tags" | "dueAt">;

/** The filters and the order of a list of tasks; a missing key does not filter. */
export interface TaskFilter {
  status?: string;
  tag?: string;
  q?: string;
  dueBefore?: Date;
  updatedSince?: Date;
  sort: string;
  limit: number;
  cursor?: string;
}

const SORTS: Record<string, Omit<Order, "sort">> = {
  created_at: { column: "created_at", field: "createdAt", type: "time" },
  updated_at: { column: "updated_at", field: "updatedAt", type: "time" },
  due_at: { column: "due_at", field: "dueAt", type: "time", nullable: true },
  title: { column: "title", field: "title", type: "text" },
};

/** Returns the user's tasks that match all given filters. Throws an InvalidCursorError. */
export async function listTasks(userId: string, filter: TaskFilter): Promise<Page<TrackedTask>> {
  const { sort, limit, cursor } = filter;
  return takePage(orderOf(sort), limit, cursor, (window) =>
    lists.listTasks(userId, filtered(filter), window),
  );
}

/** Creates a task. */
export async function createTask(userId: string, fields: TaskFields): Promise<TrackedTask> {
  return statements.insertTask({ id: newId(), userId, ...fields });
}

/** Returns one of the user's tasks. Throws a TaskNotFoundError. */
export async function getTask(userId: string, taskId: string): Promise<TrackedTask> {
  return existing(await statements.readTask(userId, taskId));
}

/**
 * Updates the given properties; `check` receives the current task.
 *
 * Throws a TaskNotFoundError.
 */
export const updateTask = transactional(
  async (
    userId: string,
    taskId: string,
    changes: Partial<TaskFields>,
    check: (task: TrackedTask) => void,
  ): Promise<TrackedTask> => {
    await lockTask(userId, taskId);
    const task = await getTask(userId, taskId);
    check(task);
    const changed = await db().task.update({ where: { id: taskId }, data: changes });
    return { ...changed, trackedSeconds: task.trackedSeconds };
  },
);

/**
 * Deletes a task and its time entries; `check` receives the current task.
 *
 * Throws a TaskNotFoundError.
 */
export const deleteTask = transactional(
  async (
    userId: string,
    taskId: string,
    check: ((task: TrackedTask) => void) | undefined,
  ): Promise<void> => {
    await lockTask(userId, taskId);
    check?.(await getTask(userId, taskId));
    await db().task.deleteMany({ where: { id: taskId } });
  },
);

/** Finds one of the user's tasks. Throws a TaskNotFoundError. */
export async function findTask(userId: string, taskId: string): Promise<void> {
  existing(await statements.findTask(userId, taskId));
}

/** Locks one of the user's tasks until the transaction ends. Throws a TaskNotFoundError. */
export async function lockTask(userId: string, taskId: string): Promise<void> {
  existing(await statements.lockTask(userId, taskId));
}

function existing<T>(task: T | undefined): T {
  if (task === undefined) throw new TaskNotFoundError();
  return task;
}

function orderOf(sort: string): Order {
  const order = SORTS[sort.replace(/^-/, "")];
  if (order === undefined) throw new Error(`no such order: ${sort}`);
  return { sort, ...order };
}

function filtered(filter: TaskFilter): Prisma.Sql[] {
  const { status, tag, q, dueBefore, updatedSince } = filter;
  return [
    ...(status === undefined ? [] : [Prisma.sql`status = ${status}`]),
    ...(tag === undefined ? [] : [Prisma.sql`${tag} = ANY(tags)`]),
    ...(q === undefined
      ? []
      : [Prisma.sql`(title ILIKE ${like(q)} OR description ILIKE ${like(q)})`]),
    ...(dueBefore === undefined ? [] : [Prisma.sql`due_at < ${lists.instantOf(dueBefore)}`]),
    ...(updatedSince === undefined
      ? []
      : [Prisma.sql`updated_at >= ${lists.instantOf(updatedSince)}`]),
  ];
}

function like(text: string): string {
  return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
}
