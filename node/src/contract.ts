/** The contract, openapi.yaml: routes, rules, texts and headers. */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import {
  type OpenApiDocument,
  type Operation,
  type OperationId,
  OperationReader,
} from "./operations.js";
import type { Schema } from "./utils/json-schema.js";

export interface CatalogueEntry {
  status: number;
  title: string;
  detail: string;
}

export interface MetricDefinition {
  type: "counter" | "gauge" | "histogram";
  help: string;
  labels: string[];
  buckets?: number[];
  /** How the values of several processes become one. */
  combined?: "sum" | "max" | "min";
}

/** The document, with the sections that the program reads as data. */
export interface ContractDocument extends OpenApiDocument {
  "x-limits": {
    url_bytes: number;
    header_bytes: number;
    header_count: number;
    head_bytes: number;
    body_bytes: number;
    json_depth: number;
    json_values: number;
    idempotency_hours: number;
    report_days: number;
    clock_leeway_seconds: number;
    request_seconds: number;
  };
  "x-account-attempts": { factor: number; known_days: number };
  "x-limit-sharing": { share: number; share_of_rest: number; seconds: number };
  "x-methods": string[];
  "x-wire-errors": string[];
  "x-problem-type": string;
  "x-errors": Record<string, CatalogueEntry>;
  "x-unavailable": {
    retry_after_seconds: number;
    attempts: number;
    pause_ms: number;
    retried_states: string[];
    states: string[];
    without_database: OperationId[];
  };
  "x-read-replica": {
    operations: OperationId[];
    lag_bytes: number;
    timeout_ms: number;
    pause_seconds: number;
    raised_states: string[];
    outcomes: string[];
  };
  "x-shutdown": { idle_seconds: number };
  "x-response-headers": Record<string, string>;
  "x-production-headers": Record<string, string>;
  "x-docs-site": {
    manifest: string;
    index: string;
    total_bytes: number;
    connect_source: string;
    manifest_schema: Schema;
  };
  "x-cors": { allow_headers: string; expose_headers: string; max_age: number };
  "x-request-id-pattern": string;
  "x-access-token": {
    algorithm: string;
    type: string;
    issuer: string;
    audience: string;
    key_id_bytes: number;
    claims: string[];
  };
  "x-refresh-token": { random_bytes: number; stored_as: string };
  "x-password-hash": {
    memory_kib: number;
    iterations: number;
    parallelism: number;
    hash_bytes: number;
    salt_bytes: number;
  };
  "x-password-queue": { concurrency: number; waiting: number; seconds: number };
  "x-security-events": Record<
    | "log_in_succeeded"
    | "log_in_refused"
    | "password_refused"
    | "attempts_throttled"
    | "password_changed"
    | "refresh_token_retried"
    | "refresh_token_reused"
    | "session_ended"
    | "user_deleted",
    "info" | "warning"
  >;
  "x-metrics": Record<string, MetricDefinition>;
}

/** The contract cannot be read, or the handlers do not match it. */
export class ContractError extends Error {
  override readonly name = "ContractError";
}

/** The document, and its operations by path and by operationId. */
export class Contract {
  readonly document: ContractDocument;
  readonly operations: Map<string, Operation>;
  readonly reader: OperationReader;

  constructor(readonly source: Buffer) {
    this.document = parse(source.toString()) as ContractDocument;
    this.reader = new OperationReader(this.document);
    const operations = Object.entries(this.document.paths).flatMap(([path, item]) =>
      this.methodsOf(item).map((method) => this.reader.read(method, path, item)),
    );
    this.operations = new Map(operations.map((operation) => [operation.id, operation]));
  }

  /** Returns a section of the document. */
  get<K extends keyof ContractDocument>(section: K): ContractDocument[K] {
    return this.document[section];
  }

  /** Returns the value of the Allow header for a path of the contract. */
  allow(path: string): string {
    const methods = this.methodsOf(this.document.paths[path] ?? {}).concat("options");
    const allowed = new Set(methods.includes("get") ? [...methods, "head"] : methods);
    return this.get("x-methods")
      .filter((method) => allowed.has(method.toLowerCase()))
      .join(", ");
  }

  /** Returns the path of an operation with its parameters filled in. */
  pathOf(id: OperationId, parameters: Record<string, string>): string {
    const path = this.operations.get(id)?.path ?? "";
    return path.replace(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? "");
  }

  /** Throws a ContractError naming operations without a handler and handlers without an operation. */
  bind(handlers: object): void {
    const missing = [...this.operations.keys()].filter((id) => !Object.hasOwn(handlers, id));
    const extra = Object.keys(handlers).filter((name) => !this.operations.has(name));
    const faults = [
      ...missing.map((id) => `operation ${id} has no handler`),
      ...extra.map((name) => `handler ${name} has no operation`),
    ];
    if (faults.length > 0) throw new ContractError(faults.sort().join("; "));
  }

  private methodsOf(item: object): string[] {
    const methods = this.get("x-methods").map((method) => method.toLowerCase());
    return methods.filter((method) => Object.hasOwn(item, method));
  }
}

/** Reads and compiles the contract. Throws a ContractError naming the file. */
export function loadContract(path: string): Contract {
  try {
    return new Contract(readFileSync(path));
  } catch (error) {
    throw new ContractError(`${path}: ${error}`, { cause: error });
  }
}
