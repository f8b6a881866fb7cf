/** The headers that every answer has. */

import type { Settings } from "../../config.js";
import type { Contract } from "../../contract.js";
import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

const DOCS = "getDocs";

/** Adds the request's id, and what keeps browsers from misusing an answer. */
export class SecurityHeaders {
  private readonly headers: Record<string, string>;
  private readonly docsPolicy: string;

  constructor(settings: Settings, contract: Contract) {
    const isProduction = settings.appEnv === "production";
    this.headers = {
      ...contract.get("x-response-headers"),
      ...(isProduction && contract.get("x-production-headers")),
    };
    this.docsPolicy = contract.get("x-docs-security-policy");
  }

  /** Adds the headers. */
  readonly finish = (call: Call, answer: Answer): Answer => {
    const isDocs = call.operationName === DOCS && answer.status === 200;
    const headers = {
      ...this.headers,
      ...(isDocs && { "Content-Security-Policy": this.docsPolicy }),
      "X-Request-ID": call.context.requestId,
      ...answer.headers,
    };
    return { ...answer, headers };
  };
}
