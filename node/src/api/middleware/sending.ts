/** Sends an answer, with the headers that every one has. */

import type { Response } from "express";
import type { Answer } from "../answers.js";
import { current } from "../call.js";
import { conditional } from "./conditional.js";
import { corsHeaders } from "./cors.js";
import { validateAnswer } from "./response-validation.js";
import { securityHeaders } from "./security-headers.js";

/** Sends an answer whole. Throws an UndocumentedAnswerError where the settings ask for it. */
export function send(response: Response, given: Answer): void {
  const call = current(response);
  const answer = conditional(call, given);
  if (call.settings.validateResponses) validateAnswer(call, answer);
  const { status, headers, body } = answer;
  response.writeHead(status, {
    ...securityHeaders(call, answer),
    ...corsHeaders(call, answer),
    ...headers,
    ...(body !== undefined && { "Content-Length": body.length }),
    ...((call.closes || !isListening(response)) && { Connection: "close" }),
  });
  response.end(body);
}

/** Once the server is to stop, connections are not kept. */
function isListening({ socket }: Response): boolean {
  const server = (socket as { server?: { listening: boolean } } | null)?.server;
  return server?.listening ?? true;
}
