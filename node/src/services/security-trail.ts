/** The trail of security events in the log, as `x-security-events` lists them. */

import type { ContractDocument } from "../contract.js";
import { resources } from "../current.js";
import { currentContext } from "../utils/context.js";
import { logger } from "../utils/logger.js";

type SecurityEvent = keyof ContractDocument["x-security-events"];

/** Logs a security event of a user, if known, with the code of the error that it leads to. */
export function record(
  event: SecurityEvent,
  userId: string | null,
  code: string | null = null,
): void {
  const level = resources().contract.get("x-security-events")[event];
  const client = currentContext()?.client ?? "";
  logger()[level]({ user_id: userId, client, code }, event);
}
