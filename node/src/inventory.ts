/** The inventory of this twin, as JSON: `node dist/inventory.js`. */

import { readdirSync } from "node:fs";
import { Metrics } from "./api/middleware/metrics.js";
import { createApp, routesOf } from "./app.js";
import { ConfigError, loadSettings, readEnvironment, type Settings } from "./config.js";
import { type Contract, ContractError, loadContract } from "./contract.js";
import { readTables } from "./models.js";
import { parseDatabaseUrl } from "./utils/database-url.js";
import { dumpJson } from "./utils/json-text.js";

const SERVICES = new URL("./services/", import.meta.url);

/** Lists routes, models with their fields, services and the database, without its password. */
export async function takeInventory(settings: Settings, contract: Contract) {
  const app = await createApp(settings, contract, new Metrics(contract));
  const routes = routesOf(app);
  const models = readTables().map(({ model, name, columns }) => ({
    name: model,
    table: name,
    fields: columns.map(({ name, type, nullable }) => ({ name, type, nullable })),
  }));
  const services = await Promise.all(serviceFiles().map(readService));
  const url = parseDatabaseUrl(settings.databaseUrl);
  const database = { name: url.database, host: `${url.host}:${url.port}` };
  return {
    routes_created: routes,
    models,
    services: Object.fromEntries(services),
    database,
    summary:
      `${contract.get("info").title} serves ${routes.length} routes with ${services.length} services` +
      ` over ${models.length} models of the database ${database.name} at ${database.host}.`,
  };
}

/** Lists the services that the application has. */
function serviceFiles(): string[] {
  return readdirSync(SERVICES)
    .filter((file) => file.endsWith("-service.js"))
    .sort();
}

/** Gives the source of a service and its functions, without its classes. */
async function readService(file: string): Promise<[string, string[]]> {
  const module: object = await import(new URL(file, SERVICES).href);
  const functions = Object.keys(module).filter((name) => /^[a-z]/.test(name));
  const source = `node/src/services/${file.replace(/js$/, "ts")}`;
  return [source, functions.map(snakeCase).sort()];
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

try {
  const settings = loadSettings(readEnvironment());
  const inventory = await takeInventory(settings, loadContract(settings.contractPath));
  process.stdout.write(dumpJson(inventory));
  process.stdout.write("\n");
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof ContractError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
