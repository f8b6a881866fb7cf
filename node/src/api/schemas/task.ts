/** Tasks on the wire. */

import type { components, operations } from "../../generated/contract.js";
import type { TrackedTask } from "../../generated/prisma/client.js";
import type { TaskFields, TaskFilter } from "../../services/task-service.js";
import { formatInstant, parseInstant } from "../../utils/instants.js";

type Wire = components["schemas"];
type Query = NonNullable<operations["listTasks"]["parameters"]["query"]>;
type ListQuery = Query & Required<Pick<Query, "sort" | "limit">>;

/** Writes a task. */
export function dumpTask(task: TrackedTask): Wire["Task"] {
  return {
    id: task.id,
    title: task.title,
    description: task.description,
    status: task.status as Wire["TaskStatus"],
    tags: task.tags,
    due_at: task.dueAt && formatInstant(task.dueAt),
    tracked_seconds: Number(task.trackedSeconds),
    created_at: formatInstant(task.createdAt),
    updated_at: formatInstant(task.updatedAt),
  };
}

/** Reads a task to be created. */
export function loadTaskCreate({ due_at, ...body }: Wire["TaskCreate"]): TaskFields {
  return { ...body, dueAt: due_at === null ? null : parseInstant(due_at) };
}

/** Reads the changes to a task. */
export function loadTaskUpdate({ due_at, ...body }: Wire["TaskUpdate"]): Partial<TaskFields> {
  if (due_at === undefined) return body;
  return { ...body, dueAt: due_at === null ? null : parseInstant(due_at) };
}

/** Reads the filters and the order of a list of tasks. */
export function loadTaskFilter(query: ListQuery): TaskFilter {
  return {
    sort: query.sort,
    limit: query.limit,
    ...(query.cursor !== undefined && { cursor: query.cursor }),
    ...(query.status !== undefined && { status: query.status }),
    ...(query.tag !== undefined && { tag: query.tag }),
    ...(query.q !== undefined && { q: query.q }),
    ...(query.due_before !== undefined && { dueBefore: parseInstant(query.due_before) }),
    ...(query.updated_since !== undefined && { updatedSince: parseInstant(query.updated_since) }),
  };
}
