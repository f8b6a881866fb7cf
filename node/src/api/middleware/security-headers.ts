/** The headers that every answer has. */

import type { Settings } from "../../config.js";
import type { Contract } from "../../contract.js";
import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

/** Gives the headers that every answer has, whoever makes it. */
export function commonHeaders(contract: Contract, settings: Settings): Record<string, string> {
  const isProduction = settings.appEnv === "production";
  return {
    ...contract.get("x-response-headers"),
    ...(isProduction && contract.get("x-production-headers")),
  };
}

/** Adds the request's id, and what keeps browsers from misusing an answer. */
export class SecurityHeaders {
  private readonly headers: Record<string, string>;

  constructor(contract: Contract, settings: Settings) {
    this.headers = commonHeaders(contract, settings);
  }

  /** Adds the headers; the policy of a page is its own. */
  readonly finish = (call: Call, answer: Answer): Answer => {
    const headers = {
      ...this.headers,
      "X-Request-ID": call.context.requestId,
      ...answer.headers,
    };
    return { ...answer, headers };
  };
}
