/** Traces: the W3C trace context of a request, and its span if spans are exported. */

/**
 * https://www.w3.org/TR/trace-context/#traceparent-header: version, trace, parent and flags. Later
 * versions may append to them; ff is none.
 */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

/** The IDs of a trace and of a span in it, in hex. */
export interface Trace {
  traceId: string;
  spanId: string;
}

/** The spans of this process. */
export interface Spans {
  /** Returns the trace of the current span. */
  current(): Trace | undefined;
  /** Sets an attribute of the current span. */
  describe(attribute: string, value: string): void;
}

// One for the process, as that of OpenTelemetry is; without it none of that is imported.
let spans: Spans | undefined;

/** Makes each request have a span from now on. */
export function useSpans(given: Spans): void {
  spans = given;
}

/** Parses the header `traceparent`; what is malformed is no trace. */
export function parseTraceparent(text: string): Trace | undefined {
  const [, traceId, spanId, rest] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return text.startsWith("00") && rest ? undefined : { traceId, spanId };
}

/** Returns the trace of the current span, or else of the span that sent the request. */
export function currentTrace(traceparent: string | undefined): Trace | undefined {
  if (spans !== undefined) return spans.current();
  return traceparent === undefined ? undefined : parseTraceparent(traceparent);
}

/** Sets an attribute of the current span, if there is one. */
export function describeSpan(attribute: string, value: string): void {
  spans?.describe(attribute, value);
}
