/** Registration, log-in and the session's tokens. */

import * as authService from "../../services/auth-service.js";
import { type Answer, created, noContent, ok } from "../answers.js";
import type { Call } from "../call.js";
import { dumpTokens, loadCredentials } from "../schemas/auth.js";
import { dumpUser } from "../schemas/user.js";

/** Creates a user with the role `user`. */
export async function registerUser(call: Call<"registerUser">): Promise<Answer> {
  const { email, password } = loadCredentials(call.body);
  const user = await authService.registerUser(email, password);
  return created(call, dumpUser(user), call.pathOf("getCurrentUser"));
}

/** Creates a session and returns its tokens. */
export async function logIn(call: Call<"logIn">): Promise<Answer> {
  const { email, password } = loadCredentials(call.body);
  return ok(call, dumpTokens(await authService.logIn(email, password)));
}

/** Exchanges a refresh token for new tokens. */
export async function refreshTokens(call: Call<"refreshTokens">): Promise<Answer> {
  return ok(call, dumpTokens(await authService.refreshTokens(call.body.refresh_token)));
}

/** Revokes the session of the refresh token, including its access tokens. */
export async function logOut(call: Call<"logOut">): Promise<Answer> {
  await authService.logOut(call.userId, call.body.refresh_token);
  return noContent();
}

export const HANDLERS = { registerUser, logIn, refreshTokens, logOut };
