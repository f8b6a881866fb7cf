/** Things to be done, which time is tracked on. */

import * as taskService from "../../services/task-service.js";
import { created, type Handlers, noContent, ok, okPage } from "../answers.js";
import { ifMatch, ifMatchRequired } from "../middleware/conditional.js";
import { dumpTask, loadTaskCreate, loadTaskFilter, loadTaskUpdate } from "../schemas/task.js";

export const taskHandlers: Handlers<
  "listTasks" | "createTask" | "getTask" | "updateTask" | "deleteTask"
> = {
  /** Lists the user's tasks that satisfy every filter given. */
  async listTasks(call) {
    const page = await taskService.listTasks(call.userId, loadTaskFilter(call.query));
    return okPage(call, page, dumpTask);
  },

  /** Makes a task of the user's. */
  async createTask(call) {
    const task = await taskService.createTask(call.userId, loadTaskCreate(call.body));
    return created(call, dumpTask(task), call.pathOf("getTask", { task_id: task.id }));
  },

  /** Gives one task of the user's. */
  async getTask(call) {
    return ok(call, dumpTask(await taskService.getTask(call.userId, call.pathValues.task_id)));
  },

  /** Changes what the body names and leaves the rest. */
  async updateTask(call) {
    const task = await taskService.updateTask(
      call.userId,
      call.pathValues.task_id,
      loadTaskUpdate(call.body),
      ifMatchRequired(call, dumpTask),
    );
    return ok(call, dumpTask(task));
  },

  /** Deletes a task and its time entries, a running one included. */
  async deleteTask(call) {
    const taskId = call.pathValues.task_id;
    await taskService.deleteTask(call.userId, taskId, ifMatch(call, dumpTask));
    return noContent();
  },
};
