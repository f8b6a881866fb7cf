/** Prometheus metrics of requests, SQL statements and what they use. */

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Contract, MetricDefinition } from "../../contract.js";
import { type Resources, usageOf } from "../../resources.js";
import { heartbeat } from "../../utils/heartbeat.js";
import type { Call } from "../call.js";

export const MEDIA_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** The metrics that the contract defines, in their own registry. */
export class Metrics {
  readonly registry = new Registry();
  private readonly knownMethods: Set<string>;
  private readonly requests: Counter;
  private readonly duration: Histogram;
  private readonly inFlight: Gauge;
  private readonly statements: Counter;
  private readonly reads: Counter;
  private resources: Resources | undefined;

  /** `collect` renders the metrics of all processes, if there are several. */
  constructor(
    contract: Contract,
    private readonly collect?: () => Promise<string>,
  ) {
    const defined = contract.get("x-metrics");
    this.knownMethods = new Set(contract.get("x-methods"));
    this.requests = new Counter(this.rules("http_requests_total", defined));
    this.duration = new Histogram(this.rules("http_request_duration_seconds", defined));
    this.inFlight = new Gauge(this.rules("http_requests_in_flight", defined));
    this.statements = new Counter(this.rules("db_statements_total", defined));
    this.reads = new Counter(this.rules("db_replica_reads_total", defined));
    for (const outcome of contract.get("x-read-replica").outcomes) this.reads.inc({ outcome }, 0);
    for (const [name, { type }] of Object.entries(defined)) {
      if (type === "gauge" && name !== "http_requests_in_flight") this.look(name, defined);
    }
  }

  /** Tells from now on, too, how much of the resources is in use. */
  watch(resources: Resources): void {
    this.resources = resources;
  }

  /** Counts a request as in flight. */
  begin(): void {
    this.inFlight.inc();
  }

  /** Counts a completed request. */
  end(call: Call, status: number, seconds: number, statements: number): void {
    const method = this.knownMethods.has(call.method) ? call.method : "unknown";
    const operation = call.operationName;
    this.inFlight.dec();
    this.requests.inc({ method, operation, status: String(status) });
    this.duration.observe({ method, operation }, seconds);
    this.statements.inc({ operation }, statements);
  }

  /** Counts what might be read from the replica. */
  countRead(outcome: string): void {
    this.reads.inc({ outcome });
  }

  /** Renders the metrics of all processes in the Prometheus text format, version 0.0.4. */
  text(): Promise<string> {
    return this.collect ? this.collect() : this.registry.metrics();
  }

  private look(name: string, defined: Record<string, MetricDefinition>): void {
    const read = (): number | undefined => {
      if (name === "event_loop_lag_seconds") return heartbeat.lag;
      return this.resources && usageOf(this.resources)[name];
    };
    new Gauge({
      ...this.rules(name, defined),
      aggregator: defined[name]?.combined ?? "sum",
      collect() {
        this.set(read() ?? 0);
      },
    });
  }

  private rules(name: string, defined: Record<string, MetricDefinition>) {
    const { help, labels, buckets } = defined[name] ?? { help: "", labels: [] };
    return {
      name,
      help,
      labelNames: labels,
      registers: [this.registry],
      ...(buckets && { buckets }),
    };
  }
}
