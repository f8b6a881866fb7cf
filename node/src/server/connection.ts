/** Connections: limits the size and duration of requests, and refuses malformed ones. */

import { Server, type ServerOptions, type ServerResponse } from "node:http";
import { Server as Listener, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { commonHeaders } from "../api/middleware/security-headers.js";
import type { Settings } from "../config.js";
import type { Contract } from "../contract.js";
import { type Code, refusal } from "./refusals.js";
import type { Application } from "./serve.js";

const KEEP_ALIVE_MS = 5_000;
const TIMEOUT_CHECK_MS = 1_000;
const REFUSALS: Record<string, Code> = {
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
  HPE_HEADER_OVERFLOW: "headers_too_large",
};

/** A server that passes requests on as they were sent. */
export class Connections extends Server {
  private readonly latest = new WeakMap<Duplex, ServerResponse>();
  private readonly sockets = new Set<Socket>();
  private isDraining = false;
  private readonly commonHeaders: Record<string, string>;

  constructor(
    { listener, messages }: Application,
    settings: Settings,
    private readonly contract: Contract,
  ) {
    super({ ...options(contract), ...messages }, listener);
    this.commonHeaders = commonHeaders(contract, settings);
    this.maxHeadersCount = 0;
    // A client that has closed its side still waits for its response.
    Object.assign(this, { httpAllowHalfOpen: true });
    this.prependListener("request", ({ socket }, response) => this.begin(socket, response));
    this.on("connection", (socket) => {
      this.sockets.add(socket.once("close", () => this.sockets.delete(socket)));
    });
    this.on("clientError", (error, socket) => this.answerError(error, socket));
    this.on("checkExpectation", ({ socket }) => this.refuse(socket, "expectation_failed"));
    this.on("connect", (_request, socket) => this.refuse(socket, "bad_request"));
  }

  /**
   * Takes no more connections, and tells when those that there are have ended.
   *
   * Each ends with the answer that is due, the next one, or when none is asked for in time: ended at
   * once, it would take a request with it that is on its way.
   */
  drain(done: () => void): void {
    this.isDraining = true;
    // That of node:http ends those at once that are idle.
    Listener.prototype.close.call(this, done);
    for (const socket of this.sockets) {
      const response = this.latest.get(socket);
      if (response !== undefined && !response.headersSent) response.shouldKeepAlive = false;
    }
    setTimeout(() => this.endIdle(), KEEP_ALIVE_MS);
  }

  private begin(socket: Socket, response: ServerResponse): void {
    this.latest.set(socket, response);
    if (this.isDraining) response.shouldKeepAlive = false;
  }

  private endIdle(): void {
    for (const socket of this.sockets) {
      const response = this.latest.get(socket);
      if (response === undefined || isOver(response)) socket.destroy();
    }
  }

  private answerError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const response = this.latest.get(socket);
    const code = REFUSALS[error.code ?? ""] ?? "bad_request";
    if (error.code === "ECONNRESET" || !socket.writable) socket.destroy();
    else if (response === undefined || isOver(response)) this.refuse(socket, code);
    // A valid request is answered before the malformed one that follows it.
    else if (response.req.complete) response.once("finish", () => this.refuse(socket, code));
    else if (response.headersSent) socket.end();
    else this.refuse(socket, code);
  }

  /** Refuses a malformed request, and closes the connection. */
  private refuse(socket: Duplex, code: Code): void {
    socket.end(refusal(this.contract, this.commonHeaders, code));
  }
}

/** The limits are wide: the application enforces those of the contract. */
function options(contract: Contract): ServerOptions {
  const limits = contract.get("x-limits");
  const requestMs = limits.request_seconds * 1000;
  return {
    maxHeaderSize: limits.head_bytes,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    requireHostHeader: false,
  };
}

function isOver(response: ServerResponse): boolean {
  return response.writableFinished && response.req.complete;
}
