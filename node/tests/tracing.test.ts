/** The trace of a request, read from its traceparent header. */

import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { parse } from "yaml";
import { parseTraceparent } from "../src/utils/tracing.js";
import { test } from "./fixtures.js";

interface Case {
  header: string;
  ids?: [string, string];
}

const FILE = new URL("../../contract-tests/traceparents.yaml", import.meta.url);
const GRID: Case[] = parse(readFileSync(FILE, "utf8"));

test.each(GRID)("trace is parsed from its header: $header", ({ header, ids }) => {
  const trace = ids && { traceId: ids[0], spanId: ids[1] };
  expect(parseTraceparent(header)).toEqual(trace);
});

test("log has the trace", async ({ client, log }) => {
  const [sent] = GRID;
  await client.get("/health", { traceparent: sent?.header ?? "", "X-Request-ID": "traced" });
  await client.get("/health", { "X-Request-ID": "untraced" });
  const traced = await log.lineOf("traced");
  expect([traced.trace_id, traced.span_id]).toEqual(sent?.ids);
  expect(await log.lineOf("untraced")).not.toHaveProperty("trace_id");
});
