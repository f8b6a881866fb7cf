/** Logs: one JSON object per line, on standard output. */

import { type DestinationStream, type LogFn, type Logger, pino } from "pino";
import { currentContext } from "./context.js";

/** Names of the levels, as in the setting LOG_LEVEL. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

// One for the process, as structlog's is: supervisor and parser log outside of any application.
let configured: Logger<"warning"> | undefined;

/** Logs this level and above to standard output, or to another stream. */
export function configureLogging(
  level: LogLevel,
  stream: DestinationStream = pino.destination(),
): void {
  const options = {
    base: null,
    level,
    customLevels: { warning: 40 },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { logMethod: inOrder },
  };
  configured = pino(options, stream);
}

/** Puts the common fields first: by default pino puts the event last. */
function inOrder(this: Logger, args: unknown[], method: LogFn): void {
  const [first, second] = args;
  const [event, fields] = typeof first === "string" ? [first, {}] : [second, first];
  const { requestId, trace } = currentContext() ?? {};
  const ids = trace && { trace_id: trace.traceId, span_id: trace.spanId };
  method.call(this, { event, request_id: requestId || null, ...ids, ...(fields as object) });
}

/** Returns the logger: `logger().info({ key: value }, "event")`. */
export function logger(): Logger<"warning"> {
  if (configured === undefined) throw new Error("no logger: call configureLogging() first");
  return configured;
}

/**
 * Logs the type and traceback of an exception, without its message.
 *
 * Messages of drivers may contain user input. `known` fields are added as they are.
 */
export function logException(event: string, error: unknown): void {
  const { name, stack } = error instanceof Error ? error : new Error();
  const frames = (stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  logger().error({ exception: name, stack: frames.map((line) => line.slice(7)) }, event);
}
