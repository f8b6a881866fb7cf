/** The tasks that time is tracked on. */

import * as taskService from "../../services/task-service.js";
import { type Answer, created, noContent, ok, okPage } from "../answers.js";
import type { Call } from "../call.js";
import { ifMatch, ifMatchRequired } from "../middleware/conditional.js";
import { dumpTask, loadTaskCreate, loadTaskFilter, loadTaskUpdate } from "../schemas/task.js";

/** Returns the user's tasks that match all given filters. */
export async function listTasks(call: Call<"listTasks">): Promise<Answer> {
  const page = await taskService.listTasks(call.userId, loadTaskFilter(call.query));
  return okPage(call, page, dumpTask);
}

/** Creates a task. */
export async function createTask(call: Call<"createTask">): Promise<Answer> {
  const task = await taskService.createTask(call.userId, loadTaskCreate(call.body));
  return created(call, dumpTask(task), call.pathOf("getTask", { task_id: task.id }));
}

/** Returns one of the user's tasks. */
export async function getTask(call: Call<"getTask">): Promise<Answer> {
  return ok(call, dumpTask(await taskService.getTask(call.userId, call.pathValues.task_id)));
}

/** Updates the properties that the body contains and leaves the others unchanged. */
export async function updateTask(call: Call<"updateTask">): Promise<Answer> {
  const task = await taskService.updateTask(
    call.userId,
    call.pathValues.task_id,
    loadTaskUpdate(call.body),
    ifMatchRequired(call, dumpTask),
  );
  return ok(call, dumpTask(task));
}

/** Deletes a task and its time entries, including a running one. */
export async function deleteTask(call: Call<"deleteTask">): Promise<Answer> {
  const taskId = call.pathValues.task_id;
  await taskService.deleteTask(call.userId, taskId, ifMatch(call, dumpTask));
  return noContent();
}

export const HANDLERS = { listTasks, createTask, getTask, updateTask, deleteTask };
