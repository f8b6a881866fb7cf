/** Tells clients when their connection closes. */

import type { Answer } from "../answers.js";
import type { Call } from "../call.js";

/** Closes the connection after a malformed request, and when the server is shutting down. */
export function finish(call: Call, answer: Answer): Answer {
  if (!call.closes && isListening(call)) return answer;
  return { ...answer, headers: { ...answer.headers, Connection: "close" } };
}

function isListening({ request }: Call): boolean {
  const server = (request.socket as { server?: { listening: boolean } } | null)?.server;
  return server?.listening ?? true;
}
