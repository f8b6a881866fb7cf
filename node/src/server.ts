/** Runs an application as a server: its processes, its limits, and its end. */

import cluster from "node:cluster";
import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { Metrics } from "./api/middleware/metrics.js";
import { answerWireErrors } from "./api/wire-errors.js";
import { ConfigError, DEVELOPMENT_SECRET_KEY, loadSettings, type Settings } from "./config.js";
import { type Contract, ContractError, loadContract } from "./contract.js";
import type { Database } from "./db.js";
import type { Resources } from "./resources.js";
import { configureLogging, logException, logger } from "./utils/logger.js";
import { collectMetrics, shareMetrics, supervise } from "./workers.js";

const FAILED = 1;
const MISCONFIGURED = 2;
const KEEP_ALIVE_MS = 5_000;
const TIMEOUT_CHECK_MS = 1_000;
const MAX_HEADER_BYTES = 131_072;

/** The classes of requests and responses. */
export type Messages = Pick<ServerOptions, "IncomingMessage" | "ServerResponse">;

/** What answers requests; messages: their classes, where Node's own will not do. */
export interface Application {
  listener: RequestListener;
  resources: Resources;
  messages?: Messages;
}

/** Makes what answers requests, without a connection to anything. */
export type Create = (
  settings: Settings,
  contract: Contract,
  metrics: Metrics,
) => Promise<Application>;

/** Serves until a signal ends the process; exits 2 with all faults when it cannot begin. */
export async function serve(create: Create): Promise<void> {
  try {
    const settings = loadSettings(process.env);
    configureLogging(settings.logLevel);
    const contract = loadContract(settings.contractPath);
    await start(create, settings, contract);
  } catch (error) {
    if (error instanceof ConfigError) refuse(error.faults);
    else if (error instanceof ContractError) refuse([error.message]);
    else throw error;
  }
}

async function start(create: Create, settings: Settings, contract: Contract): Promise<void> {
  const shared = settings.workers > 1;
  const metrics = shared ? new Metrics(contract, collectMetrics) : new Metrics(contract);
  // The supervisor makes the application too, so that what is wrong is told once.
  const { listener, resources, messages } = await create(settings, contract, metrics);
  if (cluster.isPrimary && settings.secretKey === DEVELOPMENT_SECRET_KEY) {
    logger().warning("default_secret_key");
  }
  if (shared && cluster.isPrimary) {
    supervise(settings);
    return;
  }
  if (shared) shareMetrics(metrics.registry);
  const server = createServer({ ...serverOptions(contract), ...messages }, listener);
  listen(server, resources);
}

/** The server's limits are wide: the application has the contract's. */
function serverOptions(contract: Contract) {
  const requestMs = contract.get("x-limits").request_seconds * 1000;
  return {
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    requireHostHeader: false,
  };
}

function listen(server: Server, { settings, contract, database }: Resources): void {
  server.maxHeadersCount = 0;
  answerWireErrors(server, contract);
  server.once("error", fail);
  server.listen(settings.port, settings.host, () => {
    logger().info({ host: settings.host, port: settings.port }, "listening");
  });
  const stop = () => {
    server.close(() => void leave(database));
    setTimeout(() => server.closeAllConnections(), settings.shutdownSeconds * 1000).unref();
  };
  process.once("SIGTERM", stop).once("SIGINT", stop);
}

async function leave(database: Database): Promise<void> {
  await database.disconnect();
  logger().info("stopped");
  process.exit();
}

function refuse(faults: string[]): void {
  process.stderr.write(faults.map((fault) => `${fault}\n`).join(""));
  process.exitCode = MISCONFIGURED;
}

function fail(error: unknown): void {
  logException("unhandled_error", error);
  process.exit(FAILED);
}
