/** What the HTTP parser refuses, answered like all else: with problem details. */

import { type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Contract } from "../contract.js";
import { runInContext } from "../utils/context.js";
import { newId } from "../utils/identifiers.js";
import { logger } from "../utils/logger.js";
import { makeProblem, PROBLEM } from "./problems.js";

export const CODES: Record<string, string> = {
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
  HPE_HEADER_OVERFLOW: "headers_too_large",
};

/** Answers what never becomes a request, and closes the connection. */
export function answerWireErrors(server: Server, contract: Contract): void {
  const latest = new WeakMap<Duplex, ServerResponse>();
  server.on("request", ({ socket }, response) => latest.set(socket, response));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const response = latest.get(socket);
    const code = CODES[error.code ?? ""] ?? "bad_request";
    if (error.code === "ECONNRESET" || !socket.writable) socket.destroy();
    else if (response === undefined || isOver(response)) refuse(socket, code);
    // A request that was understood is answered before what follows it.
    else if (response.req.complete) response.once("finish", () => refuse(socket, code));
    else if (response.headersSent) socket.end();
    else refuse(socket, code);
  });
  server.on("checkExpectation", ({ socket }) => refuse(socket, "expectation_failed"));
  server.on("connect", (_request, socket) => refuse(socket, "bad_request"));

  function refuse(socket: Duplex, code: string): void {
    const requestId = newId();
    const { status, body } = makeProblem(contract, code, requestId);
    runInContext({ requestId, statements: 0 }, () => {
      logger().info({ status, code }, "request_refused");
    });
    socket.end(Buffer.concat([head(status, body.length, requestId), body]));
  }

  function head(status: number, length: number, requestId: string): Buffer {
    const headers = {
      Date: new Date().toUTCString(),
      Connection: "close",
      "Content-Type": PROBLEM,
      "Content-Length": String(length),
      "Cache-Control": "no-store",
      ...contract.get("x-response-headers"),
      "X-Request-ID": requestId,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    return Buffer.from(
      [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, "", ""].join("\r\n"),
    );
  }
}

function isOver(response: ServerResponse): boolean {
  return response.writableFinished && response.req.complete;
}
