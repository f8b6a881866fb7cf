/** One handler for each operation: loads typed input, calls a service, dumps the result. */

import type { OperationId } from "../../operations.js";
import type { Resources } from "../../resources.js";
import type { Handler, Handlers } from "../answers.js";
import { idempotent } from "../middleware/idempotency.js";
import type { Metrics } from "../middleware/metrics.js";
import { replicated } from "../middleware/read-replica.js";
import * as auth from "./auth.js";
import * as reports from "./reports.js";
import { System } from "./system.js";
import * as tasks from "./tasks.js";
import * as timeEntries from "./time-entries.js";
import * as timer from "./timer.js";
import * as users from "./users.js";

/** Lists the handlers of all operations; each is named like its operation. */
export function allHandlers(resources: Resources, metrics: Metrics): Handlers {
  return {
    ...auth.HANDLERS,
    ...users.HANDLERS,
    ...tasks.HANDLERS,
    ...timeEntries.HANDLERS,
    ...timer.HANDLERS,
    ...reports.HANDLERS,
    ...new System(resources, metrics).handlers(),
  };
}

/**
 * Maps each operationId to its handler. Throws a ContractError.
 *
 * Operations that take an Idempotency-Key are safe to retry.
 */
export function boundHandlers(
  resources: Resources,
  metrics: Metrics,
): Record<OperationId, Handler<OperationId>> {
  const { contract } = resources;
  const handlers = allHandlers(resources, metrics);
  contract.bind(handlers);
  const bound = [...contract.operations.values()].map((operation) => {
    const takesKey = Object.hasOwn(operation.parameters.header.types, "idempotency-key");
    const handler = handlers[operation.id] as Handler<OperationId>;
    const once = takesKey ? idempotent(handler) : handler;
    return [operation.id, replicated(resources, metrics, operation, once)];
  });
  return Object.fromEntries(bound);
}
