/** The metrics of resource usage. */

import { expect } from "vitest";
import { test } from "./fixtures.js";

async function value(origin: string, name: string): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

test("connections in use are reported", async ({ origin, resources: { settings, database } }) => {
  expect(await value(origin, "db_pool_size")).toBe(settings.databasePoolSize);
  await database.client.$transaction(async (client) => {
    await client.$queryRaw`SELECT 1`;
    expect(await value(origin, "db_pool_in_use")).toBe(1);
  });
  expect(await value(origin, "db_pool_in_use")).toBe(0);
  expect(await value(origin, "db_pool_waiting")).toBe(0);
});

test("passwords being hashed are reported", async ({ origin, resources: { hashing } }) => {
  await hashing.queue.run(async () => {
    expect(await value(origin, "password_queue_running")).toBe(1);
  });
  expect(await value(origin, "password_queue_running")).toBe(0);
  expect(await value(origin, "password_queue_waiting")).toBe(0);
});
