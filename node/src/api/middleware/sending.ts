/** Sends an answer, with the headers that every one has. */

import type { RequestHandler, Response } from "express";
import type { Settings } from "../../config.js";
import type { Answer } from "../answers.js";
import { current } from "../call.js";
import { conditional } from "./conditional.js";
import { corsHeaders } from "./cors.js";
import { validateAnswer } from "./response-validation.js";
import { securityHeaders } from "./security-headers.js";

/** Lets `send` know the settings. */
export function sending(settings: Settings): RequestHandler {
  return (_request, response, next) => {
    response.locals.settings = settings;
    next();
  };
}

/** Sends an answer whole. Throws an UndocumentedAnswerError where the settings ask for it. */
export function send(response: Response, given: Answer): void {
  const call = current(response);
  const settings: Settings = response.locals.settings;
  const answer = conditional(call, given);
  if (settings.validateResponses) validateAnswer(call, answer);
  const { status, headers, body } = answer;
  response.writeHead(status, {
    ...securityHeaders(call, settings, answer),
    ...corsHeaders(call, settings, answer),
    ...headers,
    ...(body !== undefined && { "Content-Length": body.length }),
    ...(!isListening(response) && { Connection: "close" }),
  });
  response.end(body);
}

/** Once the server is to stop, connections are not kept. */
function isListening({ socket }: Response): boolean {
  const server = (socket as { server?: { listening: boolean } } | null)?.server;
  return server?.listening ?? true;
}
