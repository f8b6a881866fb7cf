/** Accounts and log-in. */

import * as authService from "../../services/auth-service.js";
import { created, type Handlers, noContent, ok } from "../answers.js";
import { dumpTokens, loadCredentials } from "../schemas/auth.js";
import { dumpUser } from "../schemas/user.js";

export const authHandlers: Handlers<"registerUser" | "logIn" | "refreshTokens" | "logOut"> = {
  /** Makes an account with the role `user`. */
  async registerUser(call) {
    const { email, password } = loadCredentials(call.body);
    const user = await authService.registerUser(email, password);
    return created(call, dumpUser(user), call.pathOf("getCurrentUser"));
  },

  /** Opens a session. */
  async logIn(call) {
    const { email, password } = loadCredentials(call.body);
    return ok(call, dumpTokens(await authService.logIn(email, password)));
  },

  /** Gives new tokens for a refresh token, which can be used once. */
  async refreshTokens(call) {
    return ok(call, dumpTokens(await authService.refreshTokens(call.body.refresh_token)));
  },

  /** Ends the session that the refresh token belongs to, access tokens included. */
  async logOut(call) {
    await authService.logOut(call.userId, call.body.refresh_token);
    return noContent();
  },
};
