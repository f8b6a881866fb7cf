/** Requests that the HTTP parser rejects get regular error responses. */

import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { test as base, expect } from "vitest";
import { running, type Server } from "./servers.js";

const LINE = "GET /health HTTP/1.1\r\n";
const POST = "POST /api/v1/auth/login HTTP/1.1\r\nContent-Type: application/json\r\n";
const REST = "Host: x\r\nConnection: close\r\n\r\n";

const REFUSED: Record<string, [request: string, code: string]> = {
  "verb outside the list": [`FOO /health HTTP/1.1\r\n${REST}`, "bad_request"],
  "lower-case verb": [`get /health HTTP/1.1\r\n${REST}`, "bad_request"],
  "no Host": [`${LINE}Connection: close\r\n\r\n`, "bad_request"],
  "two Host": [`${LINE}Host: y\r\n${REST}`, "bad_request"],
  version: [`GET /health HTTP/9.9\r\n${REST}`, "bad_request"],
  "NUL in a header": [`${LINE}X: a\0b\r\n${REST}`, "bad_request"],
  "space before the colon": [`${LINE}X : a\r\n${REST}`, "bad_request"],
  "folded header": [`${LINE}X: a\r\n b\r\n${REST}`, "bad_request"],
  "bare LF": ["GET /health HTTP/1.1\nHost: x\n\n", "bad_request"],
  "raw UTF-8 in the path": [`GET /\xc3\xa9 HTTP/1.1\r\n${REST}`, "bad_request"],
  "length and chunks": [
    `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n${REST}`,
    "bad_request",
  ],
  "length past 2^64": [`${POST}Content-Length: ${2n ** 64n}\r\n${REST}`, "bad_request"],
  "chunk past 2^64": [
    `${POST}Transfer-Encoding: chunked\r\n${REST}1${"0".repeat(16)}\r\n`,
    "bad_request",
  ],
  "chunk ended by LF": [`${POST}Transfer-Encoding: chunked\r\n${REST}2\n{}\n0\n\n`, "bad_request"],
  "negative length": [`${POST}Content-Length: -2\r\n${REST}`, "bad_request"],
  "broken chunk": [`${POST}Transfer-Encoding: chunked\r\n${REST}zz\r\n`, "bad_request"],
  "unknown transfer coding": [`${POST}Transfer-Encoding: gzip, chunked\r\n${REST}`, "bad_request"],
  "unknown expectation": [`${LINE}Expect: more\r\n${REST}`, "expectation_failed"],
  "large header": [`${LINE}X: ${"a".repeat(20_000)}\r\n${REST}`, "headers_too_large"],
  "huge header": [`${LINE}X: ${"a".repeat(140_000)}\r\n${REST}`, "headers_too_large"],
  "many headers": [`${LINE}${"X_Y: a\r\n".repeat(99)}${REST}`, "headers_too_large"],
  "long path": [`GET /${"a".repeat(9000)} HTTP/1.1\r\n${REST}`, "uri_too_long"],
  "large body": [
    `${POST}Content-Length: 400000\r\n${REST}${"a".repeat(400_000)}`,
    "body_too_large",
  ],
};

const HALF = `${POST}Host: x\r\nContent-Length: 2\r\n\r\n{`;
const LATE = HALF.replace("auth/login", "tasks").replace(
  "Host: x",
  "Host: x\r\nAuthorization: Bearer a",
);
const SLOW = { silent: "", "half a head": `${LINE}Host: x\r\n`, "half a body": LATE };
const SLOW_CLIENTS = 300;
// More than wait for a body in threads, and fewer than the rate limit.
const SOME_CLIENTS = 50;
// Bodies that can be read as JSON, but end too early.
const TASK = '{"title":"Cut off"}';
const CUT = {
  "a length": `Content-Length: ${TASK.length + 1}\r\n\r\n${TASK}`,
  chunks: `Transfer-Encoding: chunked\r\n\r\n${TASK.length.toString(16)}\r\n${TASK}\r\n`,
};
// The time for one request beside the slow ones, on a possibly busy machine.
const PROMPT_MS = 2_000;
const LATE_MS = 100;

const test = base.extend<{ server: Server }>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what is needed
    async ({}, use) => running({}, use),
    { scope: "file" },
  ],
});

test.for(Object.entries(REFUSED))(
  "rejections are problem details: %s",
  async ([, [request, code]], { server }) => {
    const [head = "", body = ""] = (await server.exchange(request)).split("\r\n\r\n");
    const problem = JSON.parse(body);
    expect(problem.code).toBe(code);
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${problem.status} `));
    expect(head.split("\r\n")).toEqual(
      expect.arrayContaining([
        "Content-Type: application/problem+json",
        "Connection: close",
        `X-Request-ID: ${problem.request_id}`,
      ]),
    );
  },
);

test("rejections have the headers of production", async () => {
  const settings = { APP_ENV: "production", SECRET_KEY: "0123456789abcdefghijklmnopqrstuvwxyz" };
  await running(settings, async (server) => {
    const answer = await server.exchange(`FOO / HTTP/1.1\r\n${REST}`);
    expect(answer).toContain("\r\nStrict-Transport-Security: ");
  });
});

test("header names with an underscore are distinct", async ({ server }) => {
  const fields = "X_Request_ID: mine\r\nSCRIPT_NAME: /health\r\n";
  const answer = await server.exchange(LINE + fields + REST);
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  expect(answer).not.toContain("mine");
});

test("pipelined requests are all handled", async ({ server }) => {
  const answer = await server.exchange(`${LINE}Host: x\r\n\r\n${LINE}${REST}`);
  expect(answer.match(/HTTP\/1.1 200 /g)).toHaveLength(2);
});

test("garbage after a request does not affect its response", async ({ server }) => {
  const answer = await server.exchange(`${LINE}Host: x\r\n\r\nnonsense\r\n\r\n`);
  expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 400"]);
});

test("empty lines and extra spaces are skipped", async ({ server }) => {
  const answer = await server.exchange(`\r\n\n\r\nGET   /health  HTTP/1.1\r\n${REST}`);
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
});

test.for(["FOO /health HTTP/1.1\r\n", `${LINE}Host: y\r\n`])(
  "malformed request gets a new ID and closes the connection: %s",
  async (line, { server }) => {
    const request = `${line}X-Request-ID: mine\r\nHost: x\r\n\r\n`;
    const answer = await server.exchange(`${request}${LINE}${REST}`);
    expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 400"]);
    expect(answer).not.toContain("mine");
  },
);

test.for(Object.entries(SLOW))(
  "slow clients do not delay others: %s",
  async ([, begun], { server }) => {
    const healthy = await server.login();
    const sent = begun.replace("Bearer a", `Bearer ${healthy.token}`);
    const clients = await Promise.all(
      Array.from({ length: SLOW_CLIENTS }, async () => {
        const client = await server.connect();
        client.write(sent);
        return client;
      }),
    );
    for (let asked = 0; asked < 5; asked++) {
      const started = performance.now();
      expect(await server.answers()).toBe(true);
      expect((await healthy.makeTask()).title).toBe("A task");
      expect(performance.now() - started).toBeLessThan(PROMPT_MS);
    }
    for (const client of clients) client.destroy();
  },
);

test("late body is awaited beside slow ones", async ({ server }) => {
  const begun = LATE.replace("Bearer a", `Bearer ${(await server.login()).token}`);
  const begin = async () => {
    const client = await server.connect();
    client.write(begun);
    return client;
  };
  const clients = await Promise.all(Array.from({ length: SOME_CLIENTS }, begin));
  expect(await server.answers()).toBe(true);
  const client = await begin();
  // Later than with the rest of a request.
  await setTimeout(LATE_MS);
  const started = performance.now();
  client.write("}");
  expect(String((await once(client, "data"))[0])).toMatch(/^HTTP\/1.1 400 /);
  expect(performance.now() - started).toBeLessThan(PROMPT_MS);
  for (const each of [client, ...clients]) each.destroy();
});

test("rejection does not wait for the body", async ({ server }) => {
  const client = await server.connect();
  client.write(LATE);
  const started = performance.now();
  expect(String((await once(client, "data"))[0])).toMatch(/^HTTP\/1.1 401 /);
  expect(performance.now() - started).toBeLessThan(PROMPT_MS);
  client.destroy();
});

test("early rejection says that the connection is closed", async ({ server }) => {
  const client = await server.connect();
  client.write(LATE.replace("Host: x", "Host: x\r\nConnection: close"));
  const answer = String((await once(client, "data"))[0]);
  expect(answer).toMatch(/^HTTP\/1.1 401 /);
  expect(answer).toContain("\r\nConnection: close\r\n");
  expect(answer).not.toContain("keep-alive");
  client.write("}");
  await once(client, "close");
});

test("half-closed connection gets its response", async ({ server }) => {
  const client = await server.connect();
  client.end(`${LINE.replace("health", "ready")}Host: x\r\n\r\n`);
  expect(String((await once(client, "data"))[0])).toMatch(/^HTTP\/1.1 200 /);
});

test.for([LINE, HALF])("incomplete request is rejected: %s", async (begun, { server }) => {
  const client = await server.connect();
  client.end(begun);
  expect(String((await once(client, "data"))[0])).toMatch(/^HTTP\/1.1 400 /);
});

test.for(Object.entries(CUT))(
  "incomplete request is not carried out: %s",
  async ([, rest], { server }) => {
    const user = await server.login();
    const line = "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    const client = await server.connect();
    client.end(`${line}Authorization: Bearer ${user.token}\r\n${rest}`);
    expect(String((await once(client, "data"))[0])).toMatch(/^HTTP\/1.1 400 /);
    expect((await user.makeTask("Whole")).title).toBe("Whole");
    const { data } = (await user.get("tasks")).json;
    expect(data.map(({ title }: { title: string }) => title)).toEqual(["Whole"]);
  },
);
