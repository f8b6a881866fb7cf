/** Cross-origin requests, from the origins that the settings allow. */

import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

/** Gives the headers by which a browser lets a page read an answer. */
export function corsHeaders(call: Call, answer: Answer): Record<string, string> {
  const { corsOrigins } = call.settings;
  if (corsOrigins.length === 0) return {};
  const origin = call.fieldValue("origin");
  if (origin === undefined || !corsOrigins.includes(origin)) return { Vary: "Origin" };
  const rules = call.contract.get("x-cors");
  const allowed = { Vary: "Origin", "Access-Control-Allow-Origin": origin };
  if (call.method !== "OPTIONS" || !call.fieldValue("access-control-request-method")) {
    return { ...allowed, "Access-Control-Expose-Headers": rules.expose_headers };
  }
  return {
    ...allowed,
    "Access-Control-Allow-Methods": answer.headers.Allow ?? "",
    "Access-Control-Allow-Headers": rules.allow_headers,
    "Access-Control-Max-Age": String(rules.max_age),
  };
}
