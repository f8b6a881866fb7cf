/** Requests and responses, as shared by the parts of the module. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "../../../dist/api/answers.js";
import type { Call } from "../../../dist/api/call.js";

/** A request, with its call and the values of its path parameters. */
export interface HttpRequest extends IncomingMessage {
  call: Call;
  params: Record<string, string>;
}

/** Sends an answer. */
export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const length = body !== undefined && { "Content-Length": body.length };
  response.writeHead(status, { ...headers, ...length });
  response.end(body);
}
