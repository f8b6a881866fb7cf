/** The headers of every response. */

import type { Settings } from "../../config.js";
import type { Contract } from "../../contract.js";
import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

/** Returns the headers of every response, whichever part creates it. */
export function commonHeaders(contract: Contract, settings: Settings): Record<string, string> {
  const isProduction = settings.appEnv === "production";
  return {
    ...contract.get("x-response-headers"),
    ...(isProduction && contract.get("x-production-headers")),
  };
}

/** Adds the request ID and the security headers. */
export class SecurityHeaders {
  private readonly headers: Record<string, string>;

  constructor(contract: Contract, settings: Settings) {
    this.headers = commonHeaders(contract, settings);
  }

  /** Adds the headers; a page keeps its own Content-Security-Policy. */
  readonly finish = (call: Call, answer: Answer): Answer => {
    const headers = {
      ...this.headers,
      "X-Request-ID": call.context.requestId,
      ...answer.headers,
    };
    return { ...answer, headers };
  };
}
