/** Writes a line for each request, and counts it. */

import type { RequestHandler } from "express";
import type { Settings } from "../../config.js";
import type { Contract } from "../../contract.js";
import { type RequestContext, runInContext } from "../../utils/context.js";
import { logger } from "../../utils/logger.js";
import { Call } from "../call.js";
import type { Metrics } from "./metrics.js";
import { requestIds } from "./request-id.js";

/** The outermost middleware: here a request begins and ends. */
export function accessLog(
  settings: Settings,
  contract: Contract,
  metrics: Metrics,
): RequestHandler {
  const readRequestId = requestIds(contract);
  return (request, response, next) => {
    const context: RequestContext = { requestId: "", statements: 0 };
    const call = new Call(settings, contract, context, request);
    context.requestId = readRequestId(call);
    response.locals.call = call;
    metrics.begin();
    response.once("close", () => runInContext(context, () => end(call, response.statusCode)));
    runInContext(context, next);
  };

  function end(call: Call, status: number): void {
    const seconds = (performance.now() - call.started) / 1000;
    const { statements } = call.context;
    metrics.end(call, status, seconds, statements);
    logger().info(
      {
        method: call.method,
        path: call.path,
        operation: call.operationName,
        status,
        duration_ms: Math.round(seconds * 1e6) / 1e3,
        user_id: call.caller?.user.id ?? null,
        statements,
      },
      "request",
    );
  }
}
