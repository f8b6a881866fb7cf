/** Gives each request an id: that which it came with, or a new one. */

import { newId } from "../../utils/identifiers.js";
import type { Call } from "../call.js";

/** Reads X-Request-ID and falls back to a new id. */
export function readRequestId(call: Call): string {
  const sent = call.fieldValue("x-request-id");
  const pattern = new RegExp(call.contract.get("x-request-id-pattern"), "u");
  return sent !== undefined && pattern.test(sent) ? sent : newId();
}
