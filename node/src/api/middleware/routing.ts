/** Applies the route of a request, which the framework has matched. */

import type { Operation } from "../../operations.js";
import { MethodNotAllowedError } from "../../utils/errors.js";
import { describeSpan } from "../../utils/tracing.js";
import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

/** Sets the operation and the path parameters of a call. */
export function enter(call: Call, operation: Operation, pathValues: object): void {
  call.operation = operation;
  call.pathValues = pathValues as never;
  describeSpan("http.route", operation.path);
}

/** Creates the handler of a path's unsupported methods, given the others; it answers OPTIONS. */
export function answerOptions(allow: string): (call: Call) => Answer {
  return ({ method }) => {
    if (method !== "OPTIONS") throw new MethodNotAllowedError(allow);
    return { status: 204, headers: { Allow: allow }, body: undefined };
  };
}
