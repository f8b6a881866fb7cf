/** Conditional requests (RFC 9110, 13) and cache control. */

import type { OperationId } from "../../operations.js";
import { PreconditionFailedError, PreconditionRequiredError } from "../../utils/errors.js";
import { makeEtag, matchesStrongly, matchesWeakly } from "../../utils/etag.js";
import { dumpJson } from "../../utils/json-text.js";
import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

// A client replaces its stored headers by those of a 304.
const KEPT = ["ETag", "Content-Security-Policy"];

type Check<T> = (stored: T) => void;

/**
 * Creates the check that If-Match is present and matches the current state.
 *
 * It throws a PreconditionRequiredError or a PreconditionFailedError.
 */
export function ifMatchRequired<Id extends OperationId, T>(
  call: Call<Id>,
  dump: (stored: T) => unknown,
): Check<T> {
  return ifMatch(call, dump) ?? refuse;
}

/** Creates the check that If-Match, if present, matches the current state. */
export function ifMatch<Id extends OperationId, T>(
  call: Call<Id>,
  dump: (stored: T) => unknown,
): Check<T> | undefined {
  const tags = call.headers["if-match"];
  if (tags === undefined) return undefined;
  return (stored) => {
    const etag = makeEtag(dumpJson(dump(stored)));
    if (!matchesStrongly(tags, etag)) throw new PreconditionFailedError();
  };
}

/** Turns a response that the client has cached into a 304, and sets Cache-Control. */
export function finish(call: Call, answer: Answer): Answer {
  const { ETag: etag } = answer.headers;
  if (etag === undefined) {
    return { ...answer, headers: { ...answer.headers, "Cache-Control": "no-store" } };
  }
  const control = { "Cache-Control": call.caller ? "private, no-cache" : "no-cache" };
  if (matchesWeakly(call.headers["if-none-match"] ?? "", etag)) {
    const kept = Object.entries(answer.headers).filter(([name]) => KEPT.includes(name));
    return { status: 304, headers: { ...Object.fromEntries(kept), ...control }, body: undefined };
  }
  return { ...answer, headers: { ...answer.headers, ...control } };
}

function refuse(): never {
  throw new PreconditionRequiredError();
}
