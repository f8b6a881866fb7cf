/** The server as a process, and a proxy that can cut it off from its database. */

import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Server as Listener, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { type Received, registered } from "./clients.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
// Three processes start concurrently on a possibly busy machine.
const DEADLINE = { timeout: 60_000, interval: 20 };

/**
 * Returns a free port below the range of ephemeral ports: no outgoing connection takes it
 * before it is used, or while a server restarts.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const listener = createServer().listen(port, "127.0.0.1");
    const isFree = await once(listener, "listening").then(
      () => true,
      () => false,
    );
    listener.close();
    if (isFree) return port;
  }
}

/** Polls a condition until it is true, with a time limit. */
export async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(condition, DEADLINE).toBe(true);
}

/** A running server. */
export class Server {
  readonly origin: string;
  readonly exited: Promise<number | null>;

  constructor(
    readonly process: ChildProcess,
    readonly port: number,
  ) {
    this.origin = `http://127.0.0.1:${port}`;
    this.exited = once(process, "exit").then(([code]) => code);
  }

  /** Opens a connection. */
  async connect(): Promise<Socket> {
    const socket = connect(this.port, "127.0.0.1");
    await once(socket, "connect");
    return socket;
  }

  /** Returns all bytes received until the server closes the connection. */
  async exchange(request: string): Promise<string> {
    const socket = await this.connect();
    socket.write(Buffer.from(request, "latin1"));
    const parts: Buffer[] = [];
    socket.on("data", (part) => parts.push(part));
    socket.on("error", () => socket.destroy());
    await once(socket, "close");
    return Buffer.concat(parts).toString("latin1");
  }

  async answers(): Promise<boolean> {
    // A connection that was handed to a dying worker never gets a response.
    const signal = AbortSignal.timeout(1000);
    return fetch(`${this.origin}/health`, { signal }).then(
      (answer) => answer.ok,
      () => false,
    );
  }

  login(): ReturnType<typeof registered> {
    return registered(this.origin);
  }

  stop(): Promise<number | null> {
    this.process.kill("SIGTERM");
    return this.exited;
  }
}

/** Runs a server with additional settings for the duration of `use`. */
export async function running(
  settings: Record<string, string>,
  use: (server: Server) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const own = { APP_ENV: "test", TRUSTED_PROXY_HOPS: "1", PORT: String(port) };
  const environment = { ...process.env, ...own, ...settings };
  const child = spawn(process.execPath, [MAIN], { env: environment, stdio: "ignore" });
  const server = new Server(child, port);
  try {
    await waitUntil(() => server.answers());
    await use(server);
  } finally {
    if (child.exitCode === null) await server.stop();
  }
}

/** A proxy between the server and its database, which can be cut. */
export class DatabaseProxy {
  readonly url: string;
  private readonly target: URL;
  private readonly sockets = new Set<Socket>();
  private listener: Listener | undefined;

  constructor(
    databaseUrl: string,
    private readonly port: number,
  ) {
    this.target = new URL(databaseUrl);
    const url = new URL(databaseUrl);
    url.hostname = "127.0.0.1";
    url.port = String(port);
    this.url = url.href;
  }

  async open(): Promise<void> {
    this.listener = createServer((client) => this.forward(client)).listen(this.port, "127.0.0.1");
    await once(this.listener, "listening");
  }

  async cut(): Promise<void> {
    const closed = this.listener && once(this.listener, "close");
    this.listener?.close();
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
    await closed;
  }

  private forward(client: Socket): void {
    const database = connect(Number(this.target.port || 5432), this.target.hostname);
    for (const [side, other] of [
      [client, database],
      [database, client],
    ] as const) {
      this.sockets.add(side);
      side.pipe(other);
      side.on("error", () => other.destroy());
      side.on("close", () => other.destroy());
    }
  }
}

export function codeOf({ status, json }: Received): [number, string] {
  return [status, json.code];
}
