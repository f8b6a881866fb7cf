/** The entry of the process, and its only listener: `node dist/main.js`. */

import cluster from "node:cluster";
import { createServer, type Server } from "node:http";
import { Metrics } from "./api/middleware/metrics.js";
import { answerWireErrors } from "./api/wire-errors.js";
import { createApp } from "./app.js";
import { ConfigError, DEVELOPMENT_SECRET_KEY, loadSettings, type Settings } from "./config.js";
import { type Contract, ContractError, loadContract } from "./contract.js";
import { disconnect } from "./db.js";
import { configureLogging, logException, logger } from "./utils/logger.js";
import { collectMetrics, shareMetrics, supervise } from "./workers.js";

const FAILED = 1;
const MISCONFIGURED = 2;
const KEEP_ALIVE_MS = 5_000;
const TIMEOUT_CHECK_MS = 1_000;
const MAX_HEADER_BYTES = 131_072;

/** Serves until a signal ends the process; exits 2 with all faults when it cannot begin. */
async function main(): Promise<void> {
  try {
    const settings = loadSettings(process.env);
    configureLogging(settings.logLevel);
    const contract = loadContract(settings.contractPath);
    await start(settings, contract);
  } catch (error) {
    if (error instanceof ConfigError) refuse(error.faults);
    else if (error instanceof ContractError) refuse([error.message]);
    else throw error;
  }
}

async function start(settings: Settings, contract: Contract): Promise<void> {
  const shared = settings.workers > 1;
  const metrics = shared ? new Metrics(contract, collectMetrics) : new Metrics(contract);
  // The supervisor makes the application too, so that what is wrong is told once.
  const app = await createApp(settings, contract, metrics);
  if (cluster.isPrimary && settings.secretKey === DEVELOPMENT_SECRET_KEY) {
    logger().warning("default_secret_key");
  }
  if (shared && cluster.isPrimary) {
    supervise(settings);
    return;
  }
  if (shared) shareMetrics(metrics.registry);
  listen(createServer(serverOptions(contract), app), settings, contract);
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

function listen(server: Server, settings: Settings, contract: Contract): void {
  server.maxHeadersCount = 0;
  answerWireErrors(server, contract);
  server.once("error", fail);
  server.listen(settings.port, settings.host, () => {
    logger().info({ host: settings.host, port: settings.port }, "listening");
  });
  const stop = () => {
    server.close(() => void leave());
    setTimeout(() => server.closeAllConnections(), settings.shutdownSeconds * 1000).unref();
  };
  process.once("SIGTERM", stop).once("SIGINT", stop);
}

async function leave(): Promise<void> {
  await disconnect();
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

await main();
