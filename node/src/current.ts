/** The current context: the request being handled, and the resources of its process. */

import type { Resources } from "./resources.js";
import { currentContext, runInContext } from "./utils/context.js";

declare module "./utils/context.js" {
  interface RequestContext {
    resources?: Resources;
  }
}

/** Makes these resources available to services, as in a request. */
export function using<T>(resources: Resources, work: () => T): T {
  return runInContext({ requestId: "", statements: 0, resources }, work);
}

/** Returns the resources of the process, as passed to the request being handled. */
export function resources(): Resources {
  const found = currentContext()?.resources;
  if (found === undefined) throw new Error("no resources: run this within `using`");
  return found;
}
