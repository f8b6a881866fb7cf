/** The application as Node's server meets it. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";
import { Metrics } from "../src/api/middleware/metrics.js";
import { createApp } from "../src/app.js";
import { test } from "./fixtures.js";

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
