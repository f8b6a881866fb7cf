/** Reads from the replica, and notes what it has to show next: with DATABASE_READ_URL alone. */

import type { Operation, OperationId } from "../../operations.js";
import type { Resources } from "../../resources.js";
import * as replicaService from "../../services/replica-service.js";
import type { Handler } from "../answers.js";
import type { Metrics } from "./metrics.js";

/** Wraps the handlers of operations that read from a replica, and of those that write. */
export function replicated<Id extends OperationId>(
  { replica }: Resources,
  metrics: Metrics,
  operation: Operation,
  handler: Handler<Id>,
): Handler<Id> {
  if (replica === undefined || !operation.secured) return handler;
  if (replica.rules.operations.includes(operation.id)) return reading(metrics, handler);
  return operation.method === "GET" ? handler : noting(handler);
}

function reading<Id extends OperationId>(metrics: Metrics, handler: Handler<Id>): Handler<Id> {
  return (call) =>
    replicaService.read(
      call.userId,
      async () => handler(call),
      (outcome) => metrics.countRead(outcome),
    );
}

function noting<Id extends OperationId>(handler: Handler<Id>): Handler<Id> {
  return async (call) => {
    const given = await handler(call);
    await replicaService.noteWrite(call.userId);
    return given;
  };
}
