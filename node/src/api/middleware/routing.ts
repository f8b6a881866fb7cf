/** What follows from the route of a request, which the framework looks up. */

import type { Operation } from "../../operations.js";
import { MethodNotAllowedError } from "../../utils/errors.js";
import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

/** Sets the operation that path and method lead to, and the values in the path. */
export function enter(call: Call, operation: Operation, pathValues: object): void {
  call.operation = operation;
  call.pathValues = pathValues as never;
}

/** Makes the handler of a path's other methods, given those that it has; it answers OPTIONS. */
export function answerOptions(allow: string): (call: Call) => Answer {
  return ({ method }) => {
    if (method !== "OPTIONS") throw new MethodNotAllowedError(allow);
    return { status: 204, headers: { Allow: allow }, body: undefined };
  };
}
