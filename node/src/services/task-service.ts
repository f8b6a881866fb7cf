/** Tasks: what there is to be done. */

import { db, rowsOf, transactional } from "../db.js";
import { Prisma, type Task } from "../generated/prisma/client.js";
import { TaskNotFoundError } from "../utils/errors.js";
import { newId } from "../utils/identifiers.js";
import { type Order, type Page, takePage } from "./paging.js";

/** A task with the durations of its ended time entries added up, in seconds. */
export type TrackedTask = Task & { trackedSeconds: number };

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

const COLUMNS = Prisma.sql`id, user_id AS "userId", title, description, status, tags,
  due_at AS "dueAt", created_at AS "createdAt", updated_at AS "updatedAt"`;
const SORTS: Record<string, Omit<Order, "sort">> = {
  created_at: { column: "createdAt", type: "time" },
  updated_at: { column: "updatedAt", type: "time" },
  due_at: { column: "dueAt", type: "time", nullable: true },
  title: { column: "title", type: "text" },
};

/** Lists the user's tasks that satisfy every filter given. Throws an InvalidCursorError. */
export async function listTasks(userId: string, filter: TaskFilter): Promise<Page<TrackedTask>> {
  const { sort, limit, cursor } = filter;
  const page = await takePage(orderOf(sort), limit, cursor, ({ where, ...window }) =>
    db().task.findMany({ where: { AND: [{ userId }, filtered(filter), where] }, ...window }),
  );
  return { ...page, data: await withTrackedSeconds(page.data) };
}

/** Makes a task of the user's. */
export async function createTask(userId: string, fields: TaskFields): Promise<TrackedTask> {
  const task = await db().task.create({ data: { id: newId(), userId, ...fields } });
  return { ...task, trackedSeconds: 0 };
}

/** Gives one task of the user's. Throws a TaskNotFoundError. */
export async function getTask(userId: string, taskId: string): Promise<TrackedTask> {
  return withTrackedSecondsOf(await findTask(userId, taskId));
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
    const task = await withTrackedSecondsOf(await lockTask(userId, taskId));
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
    const task = await lockTask(userId, taskId);
    check?.(await withTrackedSecondsOf(task));
    await db().task.deleteMany({ where: { id: taskId } });
  },
);

/** Reads a task of the user's, without its sum. Throws a TaskNotFoundError. */
export async function findTask(userId: string, taskId: string): Promise<Task> {
  return existing(await rowsOf<Task>(own(userId, taskId)));
}

/** Reads a task of the user's and holds it until the transaction ends. Throws a TaskNotFoundError. */
export async function lockTask(userId: string, taskId: string): Promise<Task> {
  return existing(await rowsOf<Task>(Prisma.sql`${own(userId, taskId)} FOR UPDATE`));
}

function own(userId: string, taskId: string): Prisma.Sql {
  return Prisma.sql`
    SELECT ${COLUMNS} FROM tasks WHERE id = ${taskId}::uuid AND user_id = ${userId}::uuid`;
}

function existing([task]: Task[]): Task {
  if (task === undefined) throw new TaskNotFoundError();
  return task;
}

async function withTrackedSecondsOf(task: Task): Promise<TrackedTask> {
  const [tracked] = await withTrackedSeconds([task]);
  return tracked as TrackedTask;
}

async function withTrackedSeconds(tasks: Task[]): Promise<TrackedTask[]> {
  const sums = await rowsOf<{ taskId: string; total: number }>(Prisma.sql`
    SELECT task_id AS "taskId", sum(duration)::float8 AS total FROM time_entries
    WHERE task_id = ANY(${tasks.map(({ id }) => id)}::uuid[]) AND end_time IS NOT NULL
    GROUP BY task_id`);
  const seconds = new Map(sums.map(({ taskId, total }) => [taskId, total]));
  return tasks.map((task) => ({ ...task, trackedSeconds: seconds.get(task.id) ?? 0 }));
}

function orderOf(sort: string): Order {
  const order = SORTS[sort.replace(/^-/, "")];
  if (order === undefined) throw new Error(`no such order: ${sort}`);
  return { sort, ...order };
}

function filtered(filter: TaskFilter): Prisma.TaskWhereInput {
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
