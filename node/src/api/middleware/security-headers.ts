/** The headers that every answer has. */

import type { Settings } from "../../config.js";
import type { Contract } from "../../contract.js";
import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

/** Adds the request's id, and what keeps browsers from misusing an answer. */
export class SecurityHeaders {
  private readonly headers: Record<string, string>;

  constructor(contract: Contract, settings: Settings) {
    const isProduction = settings.appEnv === "production";
    this.headers = {
      ...contract.get("x-response-headers"),
      ...(isProduction && contract.get("x-production-headers")),
    };
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
