/** Tells clients when their connection ends. */

import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

/** Ends the connection after a request that was malformed, or once the server is to stop. */
export function finish(call: Call, answer: Answer): Answer {
  if (!call.closes && isListening(call)) return answer;
  return { ...answer, headers: { ...answer.headers, Connection: "close" } };
}

function isListening({ request }: Call): boolean {
  const server = (request.socket as { server?: { listening: boolean } } | null)?.server;
  return server?.listening ?? true;
}
