/** Test fixtures: the settings, the contract, the application on a port, and a user. */

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { test as base } from "vitest";
import { Metrics } from "../src/api/middleware/metrics.js";
import { createApp } from "../src/app.js";
import { loadSettings, type Settings } from "../src/config.js";
import { type Contract, loadContract } from "../src/contract.js";
import type { Resources } from "../src/resources.js";
import type { Application } from "../src/server/serve.js";
import { configureLogging } from "../src/utils/logger.js";
import { type Client, registered } from "./clients.js";
import { Log } from "./log.js";
import { queried } from "./reads.js";

const GROWTH = new URL("../../contract-tests/growth.sql", import.meta.url);
// GROWTH=full creates an account with a million entries.
export const [TASKS, ENTRIES] =
  process.env.GROWTH === "full" ? [100_000, 1_000_000] : [10_000, 20_000];
const SIZES =
  "SELECT set_config('growth.tasks', $1, false), set_config('growth.entries', $2, false)";

export function testSettings(): Settings {
  if (!process.env.DATABASE_URL) throw new Error("DATABASE_URL is not set: run `make test-node`");
  return loadSettings({
    ...process.env,
    APP_ENV: "test",
    RATE_LIMIT_PER_MINUTE: "1000000",
    CREDENTIAL_LIMIT_PER_MINUTE: "1000000",
    TRUSTED_PROXY_HOPS: "1",
  });
}

/** Creates a copy of a database without connections, and drops it after `use`. */
export async function copied(
  templateUrl: string,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const url = new URL(process.env.TEST_DATABASE_URL ?? "");
  const copy = `copy_${randomUUID().replaceAll("-", "")}`;
  const client = new pg.Client(url.href);
  await client.connect();
  const template = new URL(templateUrl).pathname.slice(1);
  await client.query(`CREATE DATABASE "${copy}" TEMPLATE "${template}"`);
  url.pathname = copy;
  await use(url.href);
  await client.query(`DROP DATABASE "${copy}" WITH (FORCE)`);
  await client.end();
}

/** Lets an application listen for the duration of `use`. */
export async function listening(
  { listener, messages, resources }: Application,
  use: (origin: string) => Promise<void>,
): Promise<void> {
  const server = createServer({ ...messages }, listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  server.closeAllConnections();
  server.close();
  await resources.database.disconnect();
}

export const test = base.extend<{
  settings: Settings;
  contract: Contract;
  /** The URL of a template database with the rows of growth.sql. */
  grownTemplate: string;
  /** The settings of a copy of that template, for this test alone. */
  grown: Settings;
  log: Log;
  application: Application;
  resources: Resources;
  /** The URL on which the application listens. */
  origin: string;
  client: Client;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what is needed
  settings: [async ({}, use) => use(testSettings()), { scope: "file" }],
  contract: [
    async ({ settings }, use) => use(loadContract(settings.contractPath)),
    { scope: "file" },
  ],
  grownTemplate: [
    async ({ settings: _ }, use) =>
      copied(process.env.TEST_TEMPLATE_URL ?? "", async (url) => {
        await queried(url, async (client) => {
          await client.query(SIZES, [String(TASKS), String(ENTRIES)]);
          await client.query(readFileSync(GROWTH, "utf8"));
          return client.query("VACUUM ANALYZE");
        });
        await use(url);
      }),
    { scope: "file" },
  ],
  grown: async ({ settings, grownTemplate }, use) =>
    copied(grownTemplate, (databaseUrl) => use({ ...settings, databaseUrl })),
  log: [
    // biome-ignore lint/correctness/noEmptyPattern: see above
    async ({}, use) => {
      const log = new Log();
      configureLogging("info", log);
      await use(log);
    },
    { scope: "file" },
  ],
  application: [
    async ({ settings, contract, log: _ }, use) =>
      use(await createApp(settings, contract, new Metrics(contract))),
    { scope: "file" },
  ],
  resources: [async ({ application }, use) => use(application.resources), { scope: "file" }],
  origin: [async ({ application }, use) => listening(application, use), { scope: "file" }],
  client: async ({ origin }, use) => use(await registered(origin)),
});
