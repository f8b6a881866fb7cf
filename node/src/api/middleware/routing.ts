/** Finds the operation of a request. */

import type { Express, RequestHandler } from "express";
import type { Contract } from "../../contract.js";
import type { Operation } from "../../operations.js";
import { MethodNotAllowedError, PathNotFoundError } from "../../utils/errors.js";
import { current } from "../call.js";
import { send } from "./sending.js";

type Verb = "get" | "post" | "put" | "patch" | "delete";

/**
 * The second check: path and method.
 *
 * Sets the operation and goes on with `answer`; answers OPTIONS. Throws a PathNotFoundError or a
 * MethodNotAllowedError.
 */
export function routing(
  app: Express,
  contract: Contract,
  answer: (operation: Operation) => RequestHandler[],
): void {
  for (const operation of contract.operations.values()) {
    const verb = operation.method.toLowerCase() as Verb;
    app.route(expressPath(operation.path))[verb](begin(operation), ...answer(operation));
  }
  for (const path of Object.keys(contract.get("paths"))) {
    app.all(expressPath(path), otherwise(contract.allow(path)));
  }
  app.use(() => {
    throw new PathNotFoundError();
  });
}

function begin(operation: Operation): RequestHandler {
  return (request, response, next) => {
    const call = current(response);
    call.operation = operation;
    call.pathValues = request.params as never;
    next();
  };
}

function otherwise(allow: string): RequestHandler {
  return (request, response) => {
    if (request.method !== "OPTIONS") throw new MethodNotAllowedError(allow);
    send(response, { status: 204, headers: { Allow: allow }, body: undefined });
  };
}

function expressPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1");
}
