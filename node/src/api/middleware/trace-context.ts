/** Assigns each request a trace: that of its span, or that of its header `traceparent`. */

import { currentTrace, describeSpan } from "../../utils/tracing.js";
import type { Call } from "../call.js";

// Longer paths, which are refused, are truncated.
const PATH_LENGTH = 1024;

/** Binds the trace of a call to the log, and describes its span. */
export function assign(call: Call): void {
  const trace = currentTrace(call.fieldValue("traceparent"));
  if (trace !== undefined) call.context.trace = trace;
  const [path = ""] = call.target.split("?", 1);
  describeSpan("url.path", path.slice(0, PATH_LENGTH));
}
