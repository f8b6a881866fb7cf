import { AsyncLocalStorage } from "node:async_hooks";
import type { Trace } from "./tracing.js";

/** The context of the request being handled, available wherever its code runs. */
export interface RequestContext {
  requestId: string;
  /** The trace that it is part of. */
  trace?: Trace;
  /** The operationId, once the route is known. */
  operation?: string;
  /** The authenticated user, once known. */
  userId?: string;
  /** The client that the request counts for, once known. */
  client?: string;
  /** SQL statements sent for it. */
  statements: number;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work` with `context` as that of the request. */
export function runInContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** Returns the context of the request being handled, if there is one. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}
