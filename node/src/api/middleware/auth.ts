/** Authenticates and authorises requests. */

import { authenticate } from "../../services/auth-service.js";
import { ForbiddenError, UnauthenticatedError } from "../../utils/errors.js";
import type { Call } from "../call.js";

// RFC 6750, 2.1: one space, and a token68.
const BEARER = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/** Sets the identity. Throws an UnauthenticatedError, an InvalidTokenError or a ForbiddenError. */
export async function check(call: Call): Promise<void> {
  if (!call.operation?.secured) return;
  const sent = BEARER.exec(call.fieldValue("authorization") ?? "");
  if (sent?.[1] === undefined) throw new UnauthenticatedError();
  call.caller = await authenticate(sent[1]);
  const { role } = call.operation;
  if (role !== undefined && role !== call.caller.user.role) throw new ForbiddenError();
}
