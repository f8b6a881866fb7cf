/** Credentials and tokens on the wire. */

import type { components } from "../../generated/contract.js";
import type { Tokens } from "../../services/auth-service.js";

type Wire = components["schemas"];

/** Reads an email address and a password, to register or log in with. */
export function loadCredentials(body: Wire["Credentials"]): { email: string; password: string } {
  return { email: body.email, password: body.password };
}

/** Writes the tokens of a session. */
export function dumpTokens(tokens: Tokens): Wire["Tokens"] {
  return {
    access_token: tokens.accessToken,
    token_type: tokens.tokenType,
    expires_in: tokens.expiresIn,
    refresh_token: tokens.refreshToken,
  };
}
