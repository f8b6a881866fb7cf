/** Responses that the contract does not document become internal errors, if a setting says so. */

import { expect, vi } from "vitest";
import { type Answer, JSON_TYPE } from "../src/api/answers.js";
import type { Call } from "../src/api/call.js";
import { Metrics } from "../src/api/middleware/metrics.js";
import { finish } from "../src/api/middleware/response-validation.js";
import { createApp } from "../src/app.js";
import type { Contract } from "../src/contract.js";
import * as replicaService from "../src/services/replica-service.js";
import { TaskNotFoundError } from "../src/utils/errors.js";
import { Client } from "./clients.js";
import { listening, test } from "./fixtures.js";
import { codeOf } from "./servers.js";

vi.mock("../src/services/replica-service.js", { spy: true });

type Case = [operation: string, status: number, mediaType: string, body?: string];

const OK = '{"status":"ok"}';
const DOCUMENTED: Case[] = [
  ["getHealth", 200, JSON_TYPE, OK],
  ["getHealth", 200, `${JSON_TYPE}; charset=utf-8`, OK],
  ["getHealth", 500, "text/html", "<p>"],
  ["getMetrics", 200, "text/plain; version=0.0.4; charset=utf-8", "# HELP a b\n"],
  ["getDocsPage", 200, "text/css; charset=utf-8", "p {}"],
  ["logOut", 204, ""],
  ["none", 200, "text/html", "<p>"],
];
const UNDOCUMENTED: [given: Case, reason: RegExp][] = [
  [["getHealth", 201, JSON_TYPE, OK], /^getHealth: status 201$/],
  [["getHealth", 200, "text/html", OK], /^getHealth: media type text\/html$/],
  [["getHealth", 200, "", OK], /^getHealth: media type $/],
  [["getHealth", 200, JSON_TYPE, '{"status":"on"}'], /^getHealth 200: .*\/status.*enum/],
  [["getHealth", 200, JSON_TYPE, "{}"], /^getHealth 200: .*required/],
  [["getMetrics", 200, "text/plain", "a 1\n"], /^getMetrics 200: .*pattern/],
];

/** Tells whether an answer is left as it is. */
function finished(contract: Contract, [id, status, mediaType, body]: Case): boolean {
  const headers: Record<string, string> = mediaType ? { "Content-Type": mediaType } : {};
  const given: Answer = { status, headers, body: body === undefined ? body : Buffer.from(body) };
  return finish({ operation: contract.operations.get(id) } as Call, given) === given;
}

test.for(DOCUMENTED)("documented response is left as it is: %s %s %s", (given, { contract }) => {
  expect(finished(contract, given)).toBe(true);
});

test.for(UNDOCUMENTED)("undocumented response is rejected: %s", ([given, reason], { contract }) => {
  expect(() => finished(contract, given)).toThrow(reason);
});

test.for([
  [true, 500],
  [false, 200],
] as const)(
  "responses are validated if a setting says so: %s",
  async ([validateResponses, status], { settings, contract, log }) => {
    vi.mocked(replicaService.look).mockResolvedValueOnce("elsewhere" as never);
    log.lines = [];
    const own = { ...settings, validateResponses };
    await listening(await createApp(own, contract, new Metrics(contract)), async (origin) => {
      expect((await new Client(origin).get("/ready")).status).toBe(status);
    });
    const failed = log.lines.filter(({ level }) => level === "error");
    const reason = "getReadiness 200: /read_replica enum";
    const expected = validateResponses ? [["undocumented_response", reason]] : [];
    expect(failed.map((line) => [line.event, line.reason])).toEqual(expected);
  },
);

test("undocumented problem becomes an internal error", async ({ settings, contract, log: _ }) => {
  vi.mocked(replicaService.look).mockRejectedValueOnce(new TaskNotFoundError());
  const own = { ...settings, validateResponses: true };
  await listening(await createApp(own, contract, new Metrics(contract)), async (origin) => {
    expect(codeOf(await new Client(origin).get("/ready"))).toEqual([500, "internal_error"]);
  });
});
