/** Runs an application as a server, from its settings to its exit status. */

import cluster from "node:cluster";
import { once } from "node:events";
import type { RequestListener, ServerOptions } from "node:http";
import { createServer } from "node:net";
import { Metrics } from "../api/middleware/metrics.js";
import {
  ConfigError,
  DEVELOPMENT_SECRET_KEY,
  loadSettings,
  readEnvironment,
  type Settings,
} from "../config.js";
import { type Contract, ContractError, loadContract } from "../contract.js";
import { disconnect, type Resources } from "../resources.js";
import { heartbeat } from "../utils/heartbeat.js";
import { configureLogging, logger } from "../utils/logger.js";
import { Connections } from "./connection.js";
import { collectMetrics, FAILED, onSignals, shareMetrics, supervise } from "./workers.js";

const MISCONFIGURED = 2;

/** The classes of requests and responses. */
export type Messages = Pick<ServerOptions, "IncomingMessage" | "ServerResponse">;

/** What handles requests; messages: their classes, if they are not Node's own. */
export interface Application {
  listener: RequestListener;
  resources: Resources;
  messages?: Messages;
}

/** Creates what handles requests, without connecting to anything. */
export type Create = (
  settings: Settings,
  contract: Contract,
  metrics: Metrics,
) => Promise<Application>;

/** Serves until a signal stops the process; exits 2 with all errors if it cannot start. */
export async function serve(create: Create): Promise<void> {
  try {
    const settings = loadSettings(readEnvironment());
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
  // Imported only if needed: it takes 0.2 s and 20 MB.
  const tracing = settings.tracesEndpoint ? await import("./tracing.js") : undefined;
  tracing?.startTracing(settings);
  const shared = settings.workers > 1;
  const metrics = shared ? new Metrics(contract, collectMetrics) : new Metrics(contract);
  // The supervisor creates the application too, so that an error is reported only once.
  const app = await create(settings, contract, metrics);
  if (cluster.isPrimary && settings.secretKey === DEVELOPMENT_SECRET_KEY) {
    logger().warning("default_secret_key");
  }
  if (shared && cluster.isPrimary) {
    // The supervisor tries the addresses first, so that an error is reported only once.
    await tryOut(settings.host, portsOf(settings));
    supervise(settings);
    return;
  }
  if (shared) shareMetrics(metrics.registry);
  heartbeat.run();
  const servers = portsOf(settings).map((port) => {
    const server = new Connections(app, settings, contract);
    listen(server, settings.host, port);
    return server;
  });
  stopOnSignals(servers, app.resources, tracing?.stopTracing);
}

/** Lists the ports to listen on: that of the metrics is none if it is 0. */
function portsOf({ port, metricsPort }: Settings): number[] {
  return [port, metricsPort].filter((each) => each !== 0);
}

/** Listens on all ports at once, as two of them may be the same, and closes them again. */
async function tryOut(host: string, ports: number[]): Promise<void> {
  const trials = ports.map(async (port) => {
    const trial = createServer().once("error", (error) => fail(host, port, error));
    await once(trial.listen(port, host), "listening");
    return trial;
  });
  for (const trial of await Promise.all(trials)) await once(trial.close(), "close");
}

function listen(server: Connections, host: string, port: number): void {
  server.once("error", (error) => fail(host, port, error));
  server.listen(port, host, () => logger().info({ host, port }, "listening"));
}

function stopOnSignals(
  servers: Connections[],
  resources: Resources,
  stopTracing = async () => {},
): void {
  const { shutdownDelaySeconds, shutdownSeconds } = resources.settings;
  const stop = () => {
    const drained = servers.map((server) => new Promise<void>((done) => server.drain(done)));
    void Promise.all(drained)
      .then(() => disconnect(resources))
      .then(stopTracing)
      .then(leave);
    // Whatever does not end by itself ends with the process, also a statement that waits for a lock.
    setTimeout(leave, (shutdownDelaySeconds + shutdownSeconds) * 1000);
  };
  // To a worker the supervisor sends what a terminal has sent to both.
  onSignals(stop, cluster.isPrimary ? leave : () => undefined);
}

function leave(): never {
  logger().info("stopped");
  process.exit();
}

function refuse(faults: string[]): void {
  process.stderr.write(faults.map((fault) => `${fault}\n`).join(""));
  process.exitCode = MISCONFIGURED;
}

function fail(host: string, port: number, error: NodeJS.ErrnoException): void {
  logger().error({ host, port, reason: error.code ?? error.name }, "address_unavailable");
  process.exit(FAILED);
}
