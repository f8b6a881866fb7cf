/** What the code that runs now belongs to: a request, and what its process holds. */

import type { Resources } from "./resources.js";
import { currentContext, runInContext } from "./utils/context.js";

declare module "./utils/context.js" {
  interface RequestContext {
    resources?: Resources;
  }
}

/** Lets services use these resources, as in a request. */
export function using<T>(resources: Resources, work: () => T): T {
  return runInContext({ requestId: "", statements: 0, resources }, work);
}

/** Gives what the process holds, as handed on to the request being answered. */
export function resources(): Resources {
  const found = currentContext()?.resources;
  if (found === undefined) throw new Error("no resources: run this within `using`");
  return found;
}
