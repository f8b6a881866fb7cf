/**
 * Spans of requests and their statements, as OpenTelemetry exports them.
 *
 * Imported only where the settings say so. Spans begin in the instrumentations of node:http and pg.
 * Express's would add a span for each middleware, and name `:task_id` where Flask has `<task_id>`;
 * Prisma's would add four to each statement, and none to those that it does not send. What they
 * report is brought into the form that both twins have, without what users have written.
 */

import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import {
  type Attributes,
  type AttributeValue,
  DiagLogLevel,
  diag,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { PgInstrumentation } from "@opentelemetry/instrumentation-pg";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  type ReadableSpan,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-node";
import type { Settings } from "../config.js";
import { logger } from "../utils/logger.js";
import { type Spans, useSpans } from "../utils/tracing.js";

// Longer than a collector takes that is there; one that is not must not hold a shutdown.
const FLUSH_MS = 2_000;

const REQUEST_ATTRIBUTES = [
  "http.request.method",
  "http.request.method_original",
  "http.response.status_code",
  "http.route",
  "network.protocol.version",
  "url.path",
  "url.scheme",
  "user_agent.original",
];
const STATEMENT_ATTRIBUTES = [
  "db.namespace",
  "db.query.text",
  "db.system.name",
  "server.address",
  "server.port",
];
const OTHER = "_OTHER";
const SERVER_ERROR = 500;

// Transactions begin and end without a span, as in the other twin.
const OPERATION = /\b(SELECT|INSERT|UPDATE|DELETE)\b/;
const TABLE = /\b(?:(?<!epoch )FROM|INTO|UPDATE)\s+(?:"public"\.)?"?([a-z]\w*)/;
const SQLSTATE = /\(code: ([0-9A-Z]{5})\)/;

let provider: NodeTracerProvider | undefined;

/** Exports the spans of this process from now on. */
export function startTracing(settings: Settings): void {
  const named = resourceFromAttributes({ "service.name": settings.serviceName });
  const given = detectResources({ detectors: [envDetector] });
  const exporter = canonical(new OTLPTraceExporter({ url: settings.tracesEndpoint }));
  diag.setLogger(diagnostics(), DiagLogLevel.WARN);
  // It reads the other standard variables by itself.
  provider = new NodeTracerProvider({
    resource: defaultResource().merge(given).merge(named),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register({ propagator: new W3CTraceContextPropagator() });
  registerInstrumentations({
    instrumentations: [
      new HttpInstrumentation({ disableOutgoingRequestInstrumentation: true }),
      new PgInstrumentation({ requireParentSpan: true }),
    ],
  });
  // They patch in place what is required from now on; imports alone need a loader for that.
  const require = createRequire(import.meta.url);
  for (const name of ["http", "pg"]) require(name);
  createRequire(require.resolve("pg"))("pg-pool");
  useSpans(CURRENT_SPANS);
}

/** Exports what is left, as far as the collector takes it in time. */
export async function stopTracing(): Promise<void> {
  await Promise.race([provider?.forceFlush().catch(() => undefined), pause(FLUSH_MS)]);
}

const CURRENT_SPANS: Spans = {
  current() {
    return trace.getActiveSpan()?.spanContext();
  },
  describe(attribute, value) {
    trace.getActiveSpan()?.setAttribute(attribute, value);
  },
};

/** What the SDK complains of goes to the log of the process. */
function diagnostics() {
  const tell = (message: string) =>
    logger().warning({ source: "opentelemetry", message }, "library");
  const drop = () => undefined;
  return { error: tell, warn: tell, info: drop, debug: drop, verbose: drop };
}

/** Exports spans in the form that both twins have. */
function canonical(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.flatMap(canonicalSpan), done),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

function canonicalSpan(span: ReadableSpan): ReadableSpan[] {
  const isRequest = span.kind === SpanKind.SERVER;
  const text = String(span.attributes["db.query.text"] ?? "");
  const operation = OPERATION.exec(text)?.[1];
  if (!isRequest && operation === undefined) return [];
  const attributes = isRequest
    ? requestAttributes(span.attributes)
    : {
        ...statementAttributes(span.attributes, operation, TABLE.exec(text)?.[1]),
        ...failure(span),
      };
  const method = attributes["http.request.method"];
  const words = isRequest
    ? [method === OTHER ? "HTTP" : method, attributes["http.route"]]
    : [attributes["db.query.summary"]];
  const code = "error.type" in attributes ? SpanStatusCode.ERROR : SpanStatusCode.UNSET;
  const name = words.filter(Boolean).join(" ");
  const own = { name, attributes, events: [], status: { code } };
  return [Object.assign(Object.create(span), own)];
}

function requestAttributes(reported: Attributes): Attributes {
  const attributes = picked(reported, REQUEST_ATTRIBUTES);
  const status = Number(attributes["http.response.status_code"] ?? SERVER_ERROR);
  return { ...attributes, ...(status >= SERVER_ERROR && { "error.type": String(status) }) };
}

function statementAttributes(
  reported: Attributes,
  operation: string | undefined,
  table: string | undefined,
): Attributes {
  return {
    ...picked(reported, STATEMENT_ATTRIBUTES),
    "db.operation.name": operation,
    "db.query.summary": [operation, table].filter(Boolean).join(" "),
    ...(table !== undefined && { "db.collection.name": table }),
  };
}

/** Names the SQLSTATE of a statement that failed. Messages may hold what users have written. */
function failure({ status, events }: ReadableSpan): Attributes {
  if (status.code !== SpanStatusCode.ERROR) return {};
  const said = events.map(({ attributes }) => String(attributes?.["exception.message"]));
  const state = SQLSTATE.exec(said.join())?.[1];
  return state === undefined
    ? { "error.type": OTHER }
    : { "error.type": state, "db.response.status_code": state };
}

function picked(reported: Attributes, names: string[]): Attributes {
  const found = names.flatMap((name): [string, AttributeValue][] => {
    const value = reported[name];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(found);
}
