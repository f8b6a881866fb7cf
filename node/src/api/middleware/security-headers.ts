/** The headers that every answer has. */

import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

const DOCS = "getDocs";

/** Gives the request's id, and what keeps browsers from misusing an answer. */
export function securityHeaders(call: Call, { status }: Answer): Record<string, string> {
  const { contract, settings } = call;
  const isDocs = call.operationName === DOCS && status === 200;
  return {
    ...contract.get("x-response-headers"),
    ...(settings.appEnv === "production" && contract.get("x-production-headers")),
    ...(isDocs && { "Content-Security-Policy": contract.get("x-docs-security-policy") }),
    "X-Request-ID": call.context.requestId,
  };
}
