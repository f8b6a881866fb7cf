/** Accounts and log-in. */

import * as authService from "../../services/auth-service.js";
import { type Answer, created, noContent, ok } from "../answers.js";
import type { Call } from "../call.js";
import { dumpTokens, loadCredentials } from "../schemas/auth.js";
import { dumpUser } from "../schemas/user.js";

/** Makes an account with the role `user`. */
export async function registerUser(call: Call<"registerUser">): Promise<Answer> {
  const { email, password } = loadCredentials(call.body);
  const user = await authService.registerUser(email, password);
  return created(call, dumpUser(user), call.pathOf("getCurrentUser"));
}

/** Opens a session. */
export async function logIn(call: Call<"logIn">): Promise<Answer> {
  const { email, password } = loadCredentials(call.body);
  return ok(call, dumpTokens(await authService.logIn(email, password)));
}

/** Gives new tokens for a refresh token, which can be used once. */
export async function refreshTokens(call: Call<"refreshTokens">): Promise<Answer> {
  return ok(call, dumpTokens(await authService.refreshTokens(call.body.refresh_token)));
}

/** Ends the session that the refresh token belongs to, access tokens included. */
export async function logOut(call: Call<"logOut">): Promise<Answer> {
  await authService.logOut(call.userId, call.body.refresh_token);
  return noContent();
}

export const HANDLERS = { registerUser, logIn, refreshTokens, logOut };
