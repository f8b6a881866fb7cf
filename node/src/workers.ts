/** Several processes that share a port, and what they tell each other. */

import cluster, { type Worker } from "node:cluster";
import { AggregatorRegistry, type Registry, type RegistryContentType } from "prom-client";
import type { Settings } from "./config.js";
import { newId } from "./utils/identifiers.js";
import { logger } from "./utils/logger.js";

interface MetricsMessage {
  about: "metrics";
  id: string;
  text?: string;
  failed?: boolean;
}

/** Starts the workers and replaces those that die; ends with them after SIGTERM or SIGINT. */
export function supervise(settings: Settings): void {
  const registry = new AggregatorRegistry();
  let stopping = false;
  const workers = () => Object.values(cluster.workers ?? {});
  const stop = () => {
    stopping = true;
    for (const worker of workers()) worker?.process.kill("SIGTERM");
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  cluster.on("exit", (worker, code, signal) => {
    if (stopping && workers().length === 0) process.exit();
    if (stopping) return;
    logger().warning({ pid: worker.process.pid, code, signal }, "worker_replaced");
    cluster.fork();
  });
  cluster.on("message", (worker, message) => void answerMetrics(registry, worker, message));
  for (let started = 0; started < settings.workers; started++) cluster.fork();
}

/** Lets this worker give its metrics to the supervisor, and ask it for those of all. */
export function shareMetrics(registry: Registry): void {
  AggregatorRegistry.setRegistries([registry]);
  // Making one is what lets a worker answer.
  new AggregatorRegistry();
}

/** Asks the supervisor for the metrics of all workers, in Prometheus' text format. */
export function collectMetrics(): Promise<string> {
  const question: MetricsMessage = { about: "metrics", id: newId() };
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown) => {
      if (!isAboutMetrics(message) || message.id !== question.id) return;
      process.off("message", onMessage);
      if (message.failed) reject(new Error("a worker did not tell its metrics"));
      else resolve(message.text ?? "");
    };
    process.on("message", onMessage);
    process.send?.(question);
  });
}

async function answerMetrics(
  registry: AggregatorRegistry<RegistryContentType>,
  worker: Worker,
  message: unknown,
): Promise<void> {
  if (!isAboutMetrics(message)) return;
  const { about, id } = message;
  try {
    worker.send({ about, id, text: await registry.clusterMetrics() });
  } catch {
    worker.send({ about, id, failed: true });
  }
}

function isAboutMetrics(message: unknown): message is MetricsMessage {
  return typeof message === "object" && (message as MetricsMessage | null)?.about === "metrics";
}
