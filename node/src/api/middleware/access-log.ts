/** Logs each request, and counts it. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Resources } from "../../resources.js";
import { type RequestContext, runInContext } from "../../utils/context.js";
import { logger } from "../../utils/logger.js";
import { Call } from "../call.js";
import type { Metrics } from "./metrics.js";
import { requestIds } from "./request-id.js";
import * as traceContext from "./trace-context.js";

/** The outermost middleware: here a request begins and ends. */
export class AccessLog {
  private readonly readRequestId: (call: Call) => string;

  constructor(
    private readonly resources: Resources,
    private readonly metrics: Metrics,
  ) {
    this.readRequestId = requestIds(resources.contract);
  }

  /** Creates the call of a request, which ends with its response. */
  begin(request: IncomingMessage, response: ServerResponse, target = request.url ?? ""): Call {
    const { resources } = this;
    const context: RequestContext = { requestId: "", statements: 0, resources };
    const call = new Call(resources, context, request, target);
    context.requestId = this.readRequestId(call);
    traceContext.assign(call);
    this.metrics.begin();
    response.once("close", () => runInContext(context, () => this.end(call, response.statusCode)));
    return call;
  }

  private end(call: Call, status: number): void {
    const seconds = (performance.now() - call.started) / 1000;
    const { statements } = call.context;
    this.metrics.end(call, status, seconds, statements);
    if (call.refusal !== undefined) {
      logger().info({ status, code: call.refusal }, "request_refused");
      return;
    }
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
