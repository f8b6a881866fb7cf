/** The server reports an outage of its database, and recovers without a restart. */

import { expect } from "vitest";
import { test as base } from "./fixtures.js";
import { codeOf, DatabaseProxy, freePort, running } from "./servers.js";

const test = base.extend<{ proxy: DatabaseProxy }>({
  proxy: async ({ settings }, use) => {
    const proxy = new DatabaseProxy(settings.databaseUrl, await freePort());
    await use(proxy);
    await proxy.cut();
  },
});

test("server reports and survives a database outage", async ({ proxy }) => {
  await proxy.open();
  await running({ DATABASE_URL: proxy.url }, async (server) => {
    const client = await server.login();
    expect((await client.get("/ready")).status).toBe(200);
    await proxy.cut();
    for (let round = 0; round < 3; round++) {
      expect((await client.get("/health")).status).toBe(200);
      expect(codeOf(await client.get("/ready"))).toEqual([503, "unavailable"]);
      expect(codeOf(await client.get("tasks"))).toEqual([503, "unavailable"]);
      expect(codeOf(await client.post("timer/stop"))).toEqual([503, "unavailable"]);
    }
    await proxy.open();
    expect((await client.get("/ready")).status).toBe(200);
    expect((await client.get("tasks")).status).toBe(200);
  });
});

test("server starts without a database", async ({ proxy }) => {
  await running({ DATABASE_URL: proxy.url }, async (server) => {
    const ready = async () => (await fetch(`${server.origin}/ready`)).status;
    expect(await ready()).toBe(503);
    await proxy.open();
    expect(await ready()).toBe(200);
  });
});
