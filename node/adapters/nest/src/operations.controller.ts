/** Controllers made from the contract, one for each path. */

import type { ServerResponse } from "node:http";
import {
  All,
  applyDecorators,
  Controller,
  Req,
  RequestMapping,
  RequestMethod,
  Res,
  type Type,
} from "@nestjs/common";
import type { Handler } from "../../../dist/api/answers.js";
import type { Finish } from "../../../dist/api/checks.js";
import { answerOptions } from "../../../dist/api/middleware/routing.js";
import type { Contract } from "../../../dist/contract.js";
import type { Operation, OperationId } from "../../../dist/operations.js";
import { ForOperation } from "./checks.guard.js";
import { type HttpRequest, send } from "./http.js";

/** Creates the controller of a path: a method for each operation, and one for all other methods. */
export function controllerOf(
  contract: Contract,
  path: string,
  handlers: Record<OperationId, Handler<OperationId>>,
  finish: Finish,
): Type {
  @Controller(path.replace(/\{(\w+)\}/g, ":$1"))
  class OperationsController {}

  for (const operation of contract.operations.values()) {
    if (operation.path !== path) continue;
    const answer = answered(handlers[operation.id], finish);
    addMethod(OperationsController, operation.id, answer, routed(operation));
  }
  const answer = answered(answerOptions(contract.allow(path)), finish);
  addMethod(OperationsController, "others", answer, All());
  return OperationsController;
}

type Answer = (request: HttpRequest, response: ServerResponse) => Promise<void>;

function answered(handler: Handler<OperationId>, finish: Finish): Answer {
  return async ({ call }, response) => send(response, finish(call, await handler(call)));
}

function routed(operation: Operation): MethodDecorator {
  const method = RequestMethod[operation.method as keyof typeof RequestMethod];
  return applyDecorators(RequestMapping({ method }), ForOperation(operation));
}

/** Adds a method to a class, as if it were written there as `@decorator name(@Req() …, @Res() …)`. */
function addMethod(to: Type, name: string, value: Answer, decorator: MethodDecorator): void {
  Object.defineProperty(to.prototype, name, { value });
  decorator(to.prototype, name, { value });
  Req()(to.prototype, name, 0);
  Res()(to.prototype, name, 1);
}
