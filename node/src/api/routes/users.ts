/** The user's own profile, and the list of users for administrators. */

import * as userService from "../../services/user-service.js";
import { type Handlers, noContent, ok, okPage } from "../answers.js";
import { ifMatchRequired } from "../middleware/conditional.js";
import { dumpUser, loadUserUpdate } from "../schemas/user.js";

export const userHandlers: Handlers<
  "getCurrentUser" | "updateCurrentUser" | "deleteCurrentUser" | "listUsers"
> = {
  /** Gives the user whose token it is. */
  getCurrentUser(call) {
    return ok(call, dumpUser(call.identity.user));
  },

  /** Changes the address, the password or both. */
  async updateCurrentUser(call) {
    const user = await userService.updateUser(
      call.userId,
      call.identity.sessionId,
      loadUserUpdate(call.body),
      ifMatchRequired(call, dumpUser),
    );
    return ok(call, dumpUser(user));
  },

  /** Deletes the user and all their tasks, time entries and sessions. */
  async deleteCurrentUser(call) {
    await userService.deleteUser(call.userId);
    return noContent();
  },

  /** Lists all users. */
  async listUsers(call) {
    const page = await userService.listUsers(call.query.limit, call.query.cursor);
    return okPage(call, page, dumpUser);
  },
};
