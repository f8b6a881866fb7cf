/** Conditional requests (RFC 9110, 13) and what may be kept of an answer. */

import type { OperationId } from "../../operations.js";
import { PreconditionFailedError, PreconditionRequiredError } from "../../utils/errors.js";
import { makeEtag, matchesStrongly, matchesWeakly } from "../../utils/etag.js";
import { dumpJson } from "../../utils/json-text.js";
import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

// A client puts the headers of a 304 in place of those that it has.
const KEPT = ["ETag", "Content-Security-Policy"];

type Check<T> = (stored: T) => void;

/**
 * Makes the check that If-Match names what is stored now, and is there.
 *
 * It throws a PreconditionRequiredError or a PreconditionFailedError.
 */
export function ifMatchRequired<Id extends OperationId, T>(
  call: Call<Id>,
  dump: (stored: T) => unknown,
): Check<T> {
  return ifMatch(call, dump) ?? refuse;
}

/** Makes the check that If-Match, if there is one, names what is stored now. */
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

/** Turns an answer that the client has already into 304, and says what may be kept of it. */
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
