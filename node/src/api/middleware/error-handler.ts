/** The only place where errors become HTTP. */

import type { ErrorRequestHandler } from "express";
import type { Contract } from "../../contract.js";
import { unavailable, violated } from "../../db.js";
import {
  AuthenticationError,
  DomainError,
  InternalError,
  InvalidTokenError,
  MethodNotAllowedError,
  RateLimitedError,
  UnavailableError,
  ValidationFailedError,
} from "../../utils/errors.js";
import { newId } from "../../utils/identifiers.js";
import { logException } from "../../utils/logger.js";
import type { Answer } from "../answers.js";
import { type Call, current } from "../call.js";
import { makeProblem, PROBLEM } from "../problems.js";
import { UndocumentedAnswerError } from "./response-validation.js";
import { send } from "./sending.js";

const UNAVAILABLE_SECONDS = 1;

/** Turns every exception into problem details (RFC 9457). */
export function errorHandler(contract: Contract): ErrorRequestHandler {
  const wireErrors = new Set(contract.get("x-wire-errors"));
  const challenge = contract.get("components").headers["WWW-Authenticate"].example;

  return (thrown, _request, response, _next) => {
    // The client has gone, or the parser has refused the rest of its request.
    if (response.destroyed || response.headersSent) return;
    const call = current(response);
    try {
      send(response, answerFor(call, domainError(thrown)));
    } catch (error) {
      if (!(error instanceof UndocumentedAnswerError)) throw error;
      send(response, answerFor(call, domainError(error)));
    }
  };

  function answerFor(call: Call, error: DomainError): Answer {
    if (wireErrors.has(error.code)) {
      // As if the parser had refused it.
      call.closes = true;
      call.context.requestId = newId();
    }
    const violations = error instanceof ValidationFailedError ? error.violations : undefined;
    const { requestId } = call.context;
    const { status, body } = makeProblem(contract, error.code, requestId, violations);
    return { status, headers: { "Content-Type": PROBLEM, ...headersOf(error) }, body };
  }

  function headersOf(error: DomainError): Record<string, string> {
    if (error instanceof AuthenticationError) return { "WWW-Authenticate": challengeOf(error) };
    if (error instanceof MethodNotAllowedError) return { Allow: error.allowed };
    if (error instanceof UnavailableError) return { "Retry-After": String(UNAVAILABLE_SECONDS) };
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

  function challengeOf(error: AuthenticationError): string {
    return error instanceof InvalidTokenError ? `${challenge}, error="${error.code}"` : challenge;
  }
}

function domainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  // The user was deleted since the token was checked.
  if (violated(error).endsWith("_user_id_fkey")) return new InvalidTokenError({ cause: error });
  if (unavailable(error)) return new UnavailableError({ cause: error });
  const reason = error instanceof UndocumentedAnswerError ? { reason: error.message } : {};
  logException("unhandled_error", error, reason);
  return new InternalError({ cause: error });
}
