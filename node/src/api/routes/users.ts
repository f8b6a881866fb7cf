/** The current user's account, and the list of users for administrators. */

import * as userService from "../../services/user-service.js";
import { type Answer, noContent, ok, okPage } from "../answers.js";
import type { Call } from "../call.js";
import { ifMatchRequired } from "../middleware/conditional.js";
import { dumpUser, loadUserUpdate } from "../schemas/user.js";

/** Returns the user that the access token was issued to. */
export function getCurrentUser(call: Call<"getCurrentUser">): Answer {
  return ok(call, dumpUser(call.identity.user));
}

/** Updates the email address, the password or both. */
export async function updateCurrentUser(call: Call<"updateCurrentUser">): Promise<Answer> {
  const user = await userService.updateUser(
    call.identity.user,
    call.identity.sessionId,
    loadUserUpdate(call.body),
    ifMatchRequired(call, dumpUser),
  );
  return ok(call, dumpUser(user));
}

/** Permanently deletes the user with all their tasks, time entries and sessions. */
export async function deleteCurrentUser(call: Call<"deleteCurrentUser">): Promise<Answer> {
  await userService.deleteUser(call.identity.user, call.body.current_password);
  return noContent();
}

/** Returns all users. */
export async function listUsers(call: Call<"listUsers">): Promise<Answer> {
  const page = await userService.listUsers(call.query.limit, call.query.cursor);
  return okPage(call, page, dumpUser);
}

export const HANDLERS = { getCurrentUser, updateCurrentUser, deleteCurrentUser, listUsers };
