/** Worker processes that share a port and their metrics. */

import cluster, { type Worker } from "node:cluster";
import { AggregatorRegistry, type MetricObject, type Registry } from "prom-client";
import type { Settings } from "../config.js";
import { heartbeat } from "../utils/heartbeat.js";
import { newId } from "../utils/identifiers.js";
import { logger } from "../utils/logger.js";

export const FAILED = 1;
// How much longer than they should workers may take to end.
const GRACE_MS = 1_000;
// For workers that are busy for longer, their previous metrics are used.
const METRICS_WAIT_MS = 2_000;

/**
 * Workers request `all metrics` from the supervisor, which requests `own metrics` of each. They tell
 * these every second without being asked, too: what a worker has counted outlives it.
 */
interface MetricsMessage {
  about: "all metrics" | "own metrics";
  id: string;
  text?: string;
  values?: MetricObject[];
}

const ENDING_SIGNALS = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"] as const;
// Left alone they would end the process, stop it, or open it to a debugger.
const IGNORED_SIGNALS = ["SIGUSR1", "SIGUSR2", "SIGTTIN", "SIGTTOU"] as const;

/**
 * Handles all terminating signals alike, and ignores other signals.
 *
 * stop: called at the first; kill: at each further one.
 */
export function onSignals(stop: () => void, kill: () => void): void {
  let handle = () => {
    handle = kill;
    stop();
  };
  for (const signal of ENDING_SIGNALS) process.on(signal, () => handle());
  for (const signal of IGNORED_SIGNALS) process.on(signal, () => undefined);
}

/** Starts the workers and replaces those that die; stops them on a terminating signal. */
export function supervise(settings: Settings): void {
  // Workers accept connections themselves. Handed over by the supervisor, as by default, a connection
  // is lost with a worker that dies before it says that it has it, and its client waits for ever.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  // Before it listens, a worker has no metrics and answers no messages.
  const listening = new Set<Worker>();
  const counted = new Counted();
  let stopping = false;
  const workers = () => Object.values(cluster.workers ?? {});
  const stop = () => {
    stopping = true;
    for (const worker of workers()) worker?.process.kill("SIGTERM");
  };
  const kill = () => {
    for (const worker of workers()) worker?.process.kill("SIGKILL");
  };
  onSignals(() => {
    stop();
    // A worker ends by itself in time, unless something keeps it from that.
    const { shutdownDelaySeconds, shutdownSeconds } = settings;
    setTimeout(kill, (shutdownDelaySeconds + shutdownSeconds) * 1000 + GRACE_MS);
  }, kill);
  cluster.on("listening", (worker) => listening.add(worker));
  cluster.on("exit", (worker, code, signal) => {
    const listened = listening.delete(worker);
    counted.leave(worker);
    if (stopping && workers().length === 0) process.exit();
    if (stopping) return;
    // Its replacements would fail too, as if the port is in use.
    if (code === FAILED && !listened) {
      process.exitCode = FAILED;
      stop();
      return;
    }
    logger().warning({ pid: worker.process.pid, code, signal }, "worker_replaced");
    cluster.fork();
  });
  cluster.on("message", (worker, message) => {
    if (isAbout("own metrics", message)) counted.note(worker, message.values ?? []);
    if (isAbout("all metrics", message)) void answerMetrics(listening, counted, worker, message);
  });
  for (let started = 0; started < settings.workers; started++) cluster.fork();
}

/** What workers have counted: each that there is, and all together that were. */
class Counted {
  private readonly newest = new Map<Worker, MetricObject[]>();
  private gone: MetricObject[] = [];

  note(worker: Worker, values: MetricObject[]): void {
    this.newest.set(worker, values);
  }

  leave(worker: Worker): void {
    const values = this.newest.get(worker) ?? [];
    this.newest.delete(worker);
    // The types of the library say that a type is a number.
    const kept = values.filter(({ type }) => String(type) !== "gauge");
    this.gone = AggregatorRegistry.aggregate([this.gone, kept]).getMetricsAsArray();
  }

  text(): Promise<string> {
    return AggregatorRegistry.aggregate([...this.newest.values(), this.gone]).metrics();
  }
}

/** Shares metrics between the workers. This one sends its own to the supervisor. */
export function shareMetrics(registry: Registry): void {
  const tellOwn = async (id: string) => {
    const values = (await registry.getMetricsAsJSON()) as MetricObject[];
    tell(process, { about: "own metrics", id, values });
  };
  heartbeat.eachSecond(() => void tellOwn(""));
  process.on("message", (message) => {
    if (isAbout("own metrics", message)) void tellOwn(message.id);
  });
}

/** Requests the metrics of all workers from the supervisor, in the Prometheus text format. */
export function collectMetrics(): Promise<string> {
  const question: MetricsMessage = { about: "all metrics", id: newId() };
  return new Promise((resolve) => {
    const onMessage = (message: unknown) => {
      if (!isAbout("all metrics", message) || message.id !== question.id) return;
      process.off("message", onMessage);
      resolve(message.text ?? "");
    };
    process.on("message", onMessage);
    tell(process, question);
  });
}

async function answerMetrics(
  listening: Set<Worker>,
  counted: Counted,
  asking: Worker,
  { about, id }: MetricsMessage,
): Promise<void> {
  await Promise.all([...listening].map((worker) => askForMetrics(worker, id)));
  tell(asking, { about, id, text: await counted.text() });
}

/** Waits until a worker has reported its metrics, is gone, or takes too long. */
function askForMetrics(worker: Worker, id: string): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      worker.off("message", onMessage).off("exit", end);
      resolve();
    };
    const onMessage = (message: unknown) => {
      if (isAbout("own metrics", message) && message.id === id) end();
    };
    const timer = setTimeout(end, METRICS_WAIT_MS);
    worker.on("message", onMessage).on("exit", end);
    tell(worker, { about: "own metrics", id });
  });
}

/** Sends a message. An exiting process does not receive it, and does not need it. */
function tell(to: Worker | NodeJS.Process, message: MetricsMessage): void {
  const channel = "process" in to ? to.process : to;
  if (channel.connected) channel.send?.(message, undefined, undefined, () => undefined);
}

function isAbout(about: MetricsMessage["about"], message: unknown): message is MetricsMessage {
  return typeof message === "object" && (message as MetricsMessage | null)?.about === about;
}
