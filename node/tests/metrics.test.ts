/** The metrics of resource usage. */

import { expect } from "vitest";
import { Metrics } from "../src/api/middleware/metrics.js";
import { createApp } from "../src/app.js";
import { listening, test } from "./fixtures.js";
import { waitUntil } from "./servers.js";

async function value(origin: string, name: string): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

test("metrics of one process are those of the contract", async ({ origin, contract }) => {
  await fetch(`${origin}/health`);
  const text = await (await fetch(`${origin}/metrics`)).text();
  const found = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]);
  const defined = Object.entries(contract.get("x-metrics")).map(([name, { type }]) => [name, type]);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(defined));
  const reads = [...text.matchAll(/^db_replica_reads_total\{outcome="(\w+)"\} 0$/gm)];
  const outcomes = contract.get("x-read-replica").outcomes;
  expect(reads.map(([, outcome]) => outcome).sort()).toEqual([...outcomes].sort());
});

test("connections in use are reported", async ({ origin, resources: { settings, database } }) => {
  expect(await value(origin, "db_pool_size")).toBe(settings.databasePoolSize);
  await database.client.$transaction(async (client) => {
    await client.$queryRaw`SELECT 1`;
    expect(await value(origin, "db_pool_in_use")).toBe(1);
  });
  expect(await value(origin, "db_pool_in_use")).toBe(0);
  expect(await value(origin, "db_pool_waiting")).toBe(0);
});

test("requests that wait for a connection are reported", async ({ settings, contract, log: _ }) => {
  const narrow = { ...settings, databasePoolSize: 1 };
  const app = await createApp(narrow, contract, new Metrics(contract));
  await listening(app, async (origin) => {
    const { asked } = await app.resources.database.lend(async () => {
      const waits = fetch(`${origin}/ready`);
      await waitUntil(async () => (await value(origin, "db_pool_waiting")) === 1);
      return { asked: waits };
    });
    expect((await asked).status).toBe(200);
    expect(await value(origin, "db_pool_waiting")).toBe(0);
  });
});

test("passwords being hashed are reported", async ({ origin, resources: { hashing } }) => {
  await hashing.queue.run(async () => {
    expect(await value(origin, "password_queue_running")).toBe(1);
  });
  expect(await value(origin, "password_queue_running")).toBe(0);
  expect(await value(origin, "password_queue_waiting")).toBe(0);
});
