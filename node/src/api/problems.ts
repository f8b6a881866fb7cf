/** Problem details (RFC 9457), from the error catalogue of the contract. */

import type { Contract } from "../contract.js";
import type { Violation } from "../utils/errors.js";
import { dumpJson } from "../utils/json-text.js";

export const PROBLEM = "application/problem+json";

/** Returns the status and the body for an error code. */
export function makeProblem(
  contract: Contract,
  code: string,
  requestId: string,
  violations: Violation[] = [],
): { status: number; body: Buffer } {
  const entry = contract.get("x-errors")[code];
  if (entry === undefined) throw new Error(`no such error: ${code}`);
  const problem = {
    type: contract.get("x-problem-type") + code,
    title: entry.title,
    status: entry.status,
    code,
    detail: entry.detail,
    request_id: requestId,
    ...(violations.length > 0 && {
      errors: violations.map(({ place, pointer, rule }) => ({ in: place, pointer, rule })),
    }),
  };
  return { status: entry.status, body: dumpJson(problem) };
}
