/** Requests that the HTTP parser refuses, answered with problem details. */

import { STATUS_CODES } from "node:http";
import { makeProblem, PROBLEM } from "../api/problems.js";
import type { Contract } from "../contract.js";
import { runInContext } from "../utils/context.js";
import { newId } from "../utils/identifiers.js";
import { logger } from "../utils/logger.js";

/** Why a message can be refused before it becomes a request. */
export const CODES = [
  "bad_request",
  "request_timeout",
  "uri_too_long",
  "headers_too_large",
  "expectation_failed",
] as const;
export type Code = (typeof CODES)[number];

/**
 * Creates the response to a malformed message, and logs it.
 *
 * headers: the headers of every response.
 */
export function refusal(contract: Contract, headers: Record<string, string>, code: Code): Buffer {
  const requestId = newId();
  const { status, body } = makeProblem(contract, code, requestId);
  runInContext({ requestId, statements: 0 }, () => {
    logger().info({ status, code }, "request_refused");
  });
  const fields = {
    Date: new Date().toUTCString(),
    Connection: "close",
    "Content-Type": PROBLEM,
    "Content-Length": String(body.length),
    "Cache-Control": "no-store",
    ...headers,
    "X-Request-ID": requestId,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, "", ""].join("\r\n");
  return Buffer.concat([Buffer.from(head), body]);
}
