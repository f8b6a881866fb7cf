/** What tests need: the settings, the contract, the application behind a port, and a user. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
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

/** Lets an application listen, as long as `use` takes. */
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
  log: Log;
  application: Application;
  resources: Resources;
  /** Where the application listens. */
  origin: string;
  client: Client;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what is needed
  settings: [async ({}, use) => use(testSettings()), { scope: "file" }],
  contract: [
    async ({ settings }, use) => use(loadContract(settings.contractPath)),
    { scope: "file" },
  ],
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
