/** Assigns each request an ID: the one it was sent with, or a new one. */

import type { Contract } from "../../contract.js";
import { newId } from "../../utils/identifiers.js";
import type { Call } from "../call.js";

/** Creates what reads X-Request-ID, and falls back to a new ID. */
export function requestIds(contract: Contract): (call: Call) => string {
  const pattern = new RegExp(contract.get("x-request-id-pattern"), "u");
  return (call) => {
    const sent = call.fieldValue("x-request-id");
    return sent !== undefined && pattern.test(sent) ? sent : newId();
  };
}
