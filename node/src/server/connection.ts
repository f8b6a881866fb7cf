/** Connections: limits the size and duration of requests, and refuses malformed ones. */

import { Server, type ServerOptions, type ServerResponse } from "node:http";
import { Server as Listener, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { commonHeaders } from "../api/middleware/security-headers.js";
import type { Settings } from "../config.js";
import type { Contract } from "../contract.js";
import type { Shutdown } from "../resources.js";
import { type Code, refusal } from "./refusals.js";
import type { Application } from "./serve.js";

const TIMEOUT_CHECK_MS = 1_000;
const REFUSALS: Record<string, Code> = {
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
  HPE_HEADER_OVERFLOW: "headers_too_large",
};

/**
 * A server that passes requests on as they were sent, and says that it is shutting down before it
 * refuses connections.
 */
export class Connections extends Server {
  private readonly latest = new WeakMap<Duplex, ServerResponse>();
  private readonly sockets = new Set<Socket>();
  private readonly shutdown: Shutdown;
  private readonly commonHeaders: Record<string, string>;

  constructor(
    { listener, messages, resources }: Application,
    private readonly settings: Settings,
    private readonly contract: Contract,
  ) {
    super({ ...options(settings, contract), ...messages }, listener);
    this.shutdown = resources.shutdown;
    this.commonHeaders = commonHeaders(contract, settings);
    this.maxHeadersCount = 0;
    // A client that has closed its side still waits for its response.
    Object.assign(this, { httpAllowHalfOpen: true });
    this.prependListener("request", ({ socket }, response) => this.begin(socket, response));
    this.on("connection", (socket) => {
      this.sockets.add(socket.once("close", () => this.sockets.delete(socket)));
      if (this.shutdown.hasBegun) this.endOnceIdle(socket);
    });
    this.on("clientError", (error, socket) => this.answerError(error, socket));
    this.on("checkExpectation", ({ socket }) => this.refuse(socket, "expectation_failed"));
    this.on("connect", (_request, socket) => this.refuse(socket, "bad_request"));
  }

  /**
   * Lets each response close its connection, and accepts new ones only for the delay; tells when all
   * have ended.
   *
   * Each ends with the response that is due, the next one, or when it was idle for too long: ended at
   * once, it would take a request with it that is on its way.
   */
  drain(done: () => void): void {
    this.shutdown.hasBegun = true;
    for (const socket of this.sockets) {
      const response = this.latest.get(socket);
      if (response !== undefined && !response.headersSent) response.shouldKeepAlive = false;
      this.endOnceIdle(socket);
    }
    // That of node:http ends those at once that are idle.
    const close = () => Listener.prototype.close.call(this, done);
    setTimeout(close, this.settings.shutdownDelaySeconds * 1000);
  }

  private begin(socket: Socket, response: ServerResponse): void {
    this.latest.set(socket, response);
    if (this.shutdown.hasBegun) response.shouldKeepAlive = false;
  }

  private endOnceIdle(socket: Socket): void {
    const end = () => {
      const response = this.latest.get(socket);
      if (response === undefined || isOver(response)) socket.destroy();
    };
    setTimeout(end, this.contract.get("x-shutdown").idle_seconds * 1000);
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
function options(settings: Settings, contract: Contract): ServerOptions {
  const limits = contract.get("x-limits");
  const requestMs = limits.request_seconds * 1000;
  return {
    maxHeaderSize: limits.head_bytes,
    keepAliveTimeout: settings.keepAliveSeconds * 1000,
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    requireHostHeader: false,
  };
}

function isOver(response: ServerResponse): boolean {
  return response.writableFinished && response.req.complete;
}
