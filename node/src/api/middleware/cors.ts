/** Cross-origin requests, from the origins that the settings allow. */

import type { Settings } from "../../config.js";
import type { Contract, ContractDocument } from "../../contract.js";
import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

/** Adds the headers that let a page of another origin read a response. */
export class Cors {
  private readonly rules: ContractDocument["x-cors"];
  private readonly origins: string[];

  constructor(contract: Contract, settings: Settings) {
    this.rules = contract.get("x-cors");
    this.origins = settings.corsOrigins;
  }

  /** Adds the CORS headers for the origin of the request. */
  readonly finish = (call: Call, answer: Answer): Answer => {
    if (this.origins.length === 0) return answer;
    return { ...answer, headers: { ...answer.headers, ...this.headers(call, answer) } };
  };

  private headers(call: Call, answer: Answer): Record<string, string> {
    const origin = call.fieldValue("origin");
    if (origin === undefined || !this.origins.includes(origin)) return { Vary: "Origin" };
    const allowed = { Vary: "Origin", "Access-Control-Allow-Origin": origin };
    if (call.method !== "OPTIONS" || !call.fieldValue("access-control-request-method")) {
      return { ...allowed, "Access-Control-Expose-Headers": this.rules.expose_headers };
    }
    return {
      ...allowed,
      "Access-Control-Allow-Methods": answer.headers.Allow ?? "",
      "Access-Control-Allow-Headers": this.rules.allow_headers,
      "Access-Control-Max-Age": String(this.rules.max_age),
    };
  }
}
