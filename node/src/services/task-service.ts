/** Tasks: what there is to be done. */

import { db, rowsOf, transactional } from "../db.js";
import { Prisma, type Task, type TrackedTask } from "../generated/prisma/client.js";
import { TaskNotFoundError } from "../utils/errors.js";
import { newId } from "../utils/identifiers.js";
import { formatInstant } from "../utils/instants.js";
import { type Order, type Page, takePage } from "./paging.js";

export type TaskFields = Pick<Task, "title" | "description" | "status" | "tags" | "dueAt">;

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

const TASKS = Prisma.sql`SELECT id FROM tasks`;
const COLUMNS = Prisma.sql`id, user_id AS "userId", title, description, status, tags,
  due_at AS "dueAt", created_at AS "createdAt", updated_at AS "updatedAt"`;
const TRACKED_TASKS = Prisma.sql`
  SELECT ${COLUMNS}, tracked_seconds AS "trackedSeconds" FROM tracked_tasks`;
const SORTS: Record<string, Omit<Order, "sort">> = {
  created_at: { column: "createdAt", type: "time" },
  updated_at: { column: "updatedAt", type: "time" },
  due_at: { column: "dueAt", type: "time", nullable: true },
  title: { column: "title", type: "text" },
};

/** Lists the user's tasks that satisfy every filter given. Throws an InvalidCursorError. */
export async function listTasks(userId: string, filter: TaskFilter): Promise<Page<TrackedTask>> {
  const { sort, limit, cursor } = filter;
  return takePage(orderOf(sort), limit, cursor, ({ where, ...window }) =>
    db().trackedTask.findMany({ where: { AND: [{ userId }, filtered(filter), where] }, ...window }),
  );
}

/** Makes a task of the user's. */
export async function createTask(userId: string, fields: TaskFields): Promise<TrackedTask> {
  const { title, description, status, tags, dueAt } = fields;
  const [task] = await rowsOf<TrackedTask>(Prisma.sql`
    INSERT INTO tasks (id, user_id, title, description, status, tags, due_at)
    VALUES (${newId()}::uuid, ${userId}::uuid, ${title}, ${description}, ${status},
      ${tags}::text[], ${dueAt && formatInstant(dueAt)}::timestamptz)
    RETURNING ${COLUMNS}, 0::bigint AS "trackedSeconds"`);
  return task as TrackedTask;
}

/** Gives one task of the user's. Throws a TaskNotFoundError. */
export async function getTask(userId: string, taskId: string): Promise<TrackedTask> {
  return existing(await rowsOf<TrackedTask>(own(TRACKED_TASKS, userId, taskId)));
}

/**
 * Changes what is named and leaves the rest; `check` sees the task as it is.
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
 * Deletes a task and its time entries; `check` sees the task as it is.
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

/** Looks for a task of the user's. Throws a TaskNotFoundError. */
export async function findTask(userId: string, taskId: string): Promise<void> {
  existing(await rowsOf(own(TASKS, userId, taskId)));
}

/** Holds a task of the user's until the transaction ends. Throws a TaskNotFoundError. */
export async function lockTask(userId: string, taskId: string): Promise<void> {
  existing(await rowsOf(Prisma.sql`${own(TASKS, userId, taskId)} FOR UPDATE`));
}

function own(selected: Prisma.Sql, userId: string, taskId: string): Prisma.Sql {
  return Prisma.sql`${selected} WHERE id = ${taskId}::uuid AND user_id = ${userId}::uuid`;
}

function existing<T>([task]: T[]): T {
  if (task === undefined) throw new TaskNotFoundError();
  return task;
}

function orderOf(sort: string): Order {
  const order = SORTS[sort.replace(/^-/, "")];
  if (order === undefined) throw new Error(`no such order: ${sort}`);
  return { sort, ...order };
}

function filtered(filter: TaskFilter): Prisma.TrackedTaskWhereInput {
  return {
    ...(filter.status !== undefined && { status: filter.status }),
    ...(filter.tag !== undefined && { tags: { has: filter.tag } }),
    ...(filter.q !== undefined && {
      OR: [{ title: like(filter.q) }, { description: like(filter.q) }],
    }),
    ...(filter.dueBefore !== undefined && { dueAt: { lt: filter.dueBefore } }),
    ...(filter.updatedSince !== undefined && { updatedAt: { gte: filter.updatedSince } }),
  };
}

// Prisma leaves the wildcards of LIKE as they are.
function like(text: string): { contains: string; mode: "insensitive" } {
  return { contains: text.replace(/[\\%_]/g, "\\$&"), mode: "insensitive" };
}
