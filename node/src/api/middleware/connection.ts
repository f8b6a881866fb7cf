/** Tells clients when their connection closes. */

import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

/** Closes the connection after a malformed request. */
export function finish(call: Call, answer: Answer): Answer {
  return call.closes ? { ...answer, headers: { ...answer.headers, Connection: "close" } } : answer;
}
