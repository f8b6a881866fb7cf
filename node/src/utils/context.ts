import { AsyncLocalStorage } from "node:async_hooks";

/** What is known about the request being answered, wherever its code runs. */
export interface RequestContext {
  requestId: string;
  /** The operationId, once the route is known. */
  operation?: string;
  /** Who sends it, once that is known. */
  userId?: string;
  /** SQL statements sent for it. */
  statements: number;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work` with `context` as that of the request. */
export function runInContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** Gives the context of the request being answered, if there is one. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}
