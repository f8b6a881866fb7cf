/** The application: its routes and its resources. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";
import { Metrics } from "../src/api/middleware/metrics.js";
import { createApp } from "../src/app.js";
import { Client, registered } from "./clients.js";
import { listening, test } from "./fixtures.js";
import { codeOf } from "./servers.js";

test("messages keep the prototypes that they begin with", async ({
  settings,
  contract,
  log: _,
}) => {
  const { listener, messages } = await createApp(settings, contract, new Metrics(contract));
  const kept: boolean[] = [];
  const server = createServer({ ...messages }, (request, response) => {
    const begun = [request, response].map(Object.getPrototypeOf);
    listener(request, response);
    kept.push(Object.getPrototypeOf(request) === begun[0]);
    kept.push(Object.getPrototypeOf(response) === begun[1]);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { status } = await fetch(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`,
  );
  server.closeAllConnections();
  server.close();
  expect(status).toBe(200);
  expect(kept).toEqual([true, true]);
});

test("two applications in one process are independent", async ({ client, settings, contract }) => {
  const own = { ...settings, secretKey: "q8W2".repeat(10) };
  await listening(await createApp(own, contract, new Metrics(contract)), async (origin) => {
    const stranger = await registered(origin);
    for (let round = 0; round < 2; round++) {
      for (const [one, other] of [
        [client, stranger],
        [stranger, client],
      ] as const) {
        expect((await one.get("users/me")).status).toBe(200);
        const theirs = { Authorization: `Bearer ${other.token}` };
        expect((await one.get("users/me", theirs)).status).toBe(401);
      }
    }
  });
});

test.for([
  ["PUT", "/health?a=%zz", 400, "bad_request"],
  ["PUT", "/nowhere", 404, "path_not_found"],
  ["PUT", "/api/v1/tasks", 405, "method_not_allowed"],
  ["DELETE", "/api/v1/tasks/%ff", 400, "bad_request"],
] as const)(
  "invalid requests are rejected before routing: %s %s",
  async ([method, path, ...expected], { origin }) => {
    expect(codeOf(await new Client(origin).send(method, path))).toEqual(expected);
  },
);

test("OPTIONS and HEAD of a route", async ({ origin }) => {
  const options = await new Client(origin).send("OPTIONS", "users/me");
  expect([options.status, options.text]).toEqual([204, ""]);
  expect(options.headers.get("Allow")).toBe("GET, HEAD, PATCH, OPTIONS");
  const head = await new Client(origin).send("HEAD", "/health");
  const get = await new Client(origin).get("/health");
  expect([head.status, head.text]).toEqual([200, ""]);
  expect(head.headers.get("Content-Length")).toBe(String(get.text.length));
});

test("unknown methods share one metric label", async ({ origin }) => {
  expect((await new Client(origin).send("PROPFIND", "/health")).status).toBe(400);
  const { text } = await new Client(origin).get("/metrics");
  const counted = text.split("\n").filter((line) => line.includes('method="unknown"'));
  expect(counted.some((line) => line.startsWith("http_requests_total"))).toBe(true);
  expect(text).not.toContain("PROPFIND");
});
