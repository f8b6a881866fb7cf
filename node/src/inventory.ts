/** What this twin consists of, as JSON: `node dist/inventory.js`. */

import { ConfigError, loadSettings, type Settings } from "./config.js";
import { type Contract, ContractError, loadContract } from "./contract.js";
import { readTables } from "./models.js";
import * as authService from "./services/auth-service.js";
import * as idempotencyService from "./services/idempotency-service.js";
import * as passwordService from "./services/password-service.js";
import * as rateLimitService from "./services/rate-limit-service.js";
import * as reportService from "./services/report-service.js";
import * as taskService from "./services/task-service.js";
import * as timeEntryService from "./services/time-entry-service.js";
import * as timerService from "./services/timer-service.js";
import * as tokenService from "./services/token-service.js";
import * as userService from "./services/user-service.js";
import { parseDatabaseUrl } from "./utils/database-url.js";
import { dumpJson } from "./utils/json-text.js";

const SERVICES: Record<string, object> = {
  authService,
  idempotencyService,
  passwordService,
  rateLimitService,
  reportService,
  taskService,
  timeEntryService,
  timerService,
  tokenService,
  userService,
};

/** Lists routes, models with their fields, services and the database, without its password. */
export function takeInventory(settings: Settings, contract: Contract) {
  const routes = [...contract.operations.values()].map(({ id, method, path }) => {
    return { operation: id, method, path };
  });
  const models = readTables().map(({ name, columns }) => {
    return { name, fields: columns.map(({ name, type, nullable }) => ({ name, type, nullable })) };
  });
  const services = Object.entries(SERVICES).map(([name, module]) => {
    return { name: snakeCase(name), functions: functionsOf(module).map(snakeCase).sort() };
  });
  const { database, host } = parseDatabaseUrl(settings.databaseUrl);
  return {
    routes,
    models,
    services,
    database: { name: database, host },
    summary: { routes: routes.length, models: models.length, services: services.length },
  };
}

/** Lists the functions of a module, without its classes. */
function functionsOf(module: object): string[] {
  return Object.keys(module).filter((name) => /^[a-z]/.test(name));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

try {
  const settings = loadSettings(process.env);
  process.stdout.write(dumpJson(takeInventory(settings, loadContract(settings.contractPath))));
  process.stdout.write("\n");
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof ContractError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
