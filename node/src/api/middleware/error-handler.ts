/** The only place where exceptions become HTTP responses. */

import type { Contract, ContractDocument } from "../../contract.js";
import { violated } from "../../db.js";
import { outageOf } from "../../outages.js";
import {
  AuthenticationError,
  DomainError,
  InternalError,
  InvalidTokenError,
  MethodNotAllowedError,
  OverloadedError,
  RateLimitedError,
  ShuttingDownError,
  UnavailableError,
  ValidationFailedError,
} from "../../utils/errors.js";
import { newId } from "../../utils/identifiers.js";
import { logException, logger } from "../../utils/logger.js";
import type { Answer } from "../answers.js";
import type { Call } from "../call.js";
import type { Finish } from "../checks.js";
import { makeProblem, PROBLEM } from "../problems.js";
import { UndocumentedAnswerError } from "./response-validation.js";

const READ_ONLY_STATE = "25006";

/** Turns every exception into problem details (RFC 9457). */
export class ErrorHandler {
  private readonly wireErrors: Set<string>;
  private readonly outages: ContractDocument["x-unavailable"];
  private readonly challenge: string;

  constructor(
    private readonly contract: Contract,
    private readonly finish: Finish,
  ) {
    this.wireErrors = new Set(contract.get("x-wire-errors"));
    this.outages = contract.get("x-unavailable");
    this.challenge = contract.get("components").headers["WWW-Authenticate"].example;
  }

  /** Responds with the problem of an exception, or of one raised while doing so. */
  answer(call: Call, thrown: unknown): Answer {
    try {
      return this.finish(call, this.problem(call, thrown));
    } catch (error) {
      return this.finish(call, this.problem(call, error));
    }
  }

  private problem(call: Call, thrown: unknown): Answer {
    const error = this.domainError(call, thrown);
    if (this.wireErrors.has(error.code)) {
      // As if the parser had refused it.
      call.closes = true;
      call.refusal = error.code;
      call.context.requestId = newId();
    }
    const violations = error instanceof ValidationFailedError ? error.violations : undefined;
    const { requestId } = call.context;
    const { status, body } = makeProblem(this.contract, error.code, requestId, violations);
    return { status, headers: { "Content-Type": PROBLEM, ...this.headers(error) }, body };
  }

  private headers(error: DomainError): Record<string, string> {
    if (error instanceof AuthenticationError) {
      return { "WWW-Authenticate": this.challengeOf(error) };
    }
    if (error instanceof MethodNotAllowedError) return { Allow: error.allowed };
    if (
      error instanceof UnavailableError ||
      error instanceof ShuttingDownError ||
      error instanceof OverloadedError
    ) {
      return { "Retry-After": String(this.outages.retry_after_seconds) };
    }
    if (error instanceof RateLimitedError) {
      const { policy, limit, window, wait } = error;
      return {
        "Retry-After": String(wait),
        "RateLimit-Policy": `"${policy}";q=${limit};w=${window}`,
        RateLimit: `"${policy}";r=0;t=${wait}`,
      };
    }
    return {};
  }

  private challengeOf(error: AuthenticationError): string {
    const parameters = error instanceof InvalidTokenError ? `, error="${error.code}"` : "";
    return `${this.challenge}${parameters}`;
  }
  private domainError(call: Call, error: unknown): DomainError {
    if (error instanceof DomainError) return error;
    // The user was deleted since the token was checked.
    if (violated(error).endsWith("_user_id_fkey")) return new InvalidTokenError({ cause: error });
    const outage = outageOf(error, this.outages.states);
    if (outage !== undefined) {
      logger().error({ ...outage }, "database_unavailable");
      // Nor do its other connections serve: after a fail-over they lead to what was.
      if (outage.cause === "silent" || outage.sqlstate === READ_ONLY_STATE) {
        call.resources.database.renew();
      }
      return new UnavailableError({ cause: error });
    }
    if (error instanceof UndocumentedAnswerError) {
      logger().error({ reason: error.message }, "undocumented_response");
    } else {
      logException("unhandled_error", error);
    }
    return new InternalError({ cause: error });
  }
}
