/** Assembles the application: the order of the checks is that of `x-check-order`. */

import express, { type Express, type RequestHandler } from "express";
import type { Handler, Handlers } from "./api/answers.js";
import { current } from "./api/call.js";
import { accessLog } from "./api/middleware/access-log.js";
import { auth } from "./api/middleware/auth.js";
import { body } from "./api/middleware/body.js";
import { errorHandler } from "./api/middleware/error-handler.js";
import { idempotent } from "./api/middleware/idempotency.js";
import { limits } from "./api/middleware/limits.js";
import type { Metrics } from "./api/middleware/metrics.js";
import { rateLimit } from "./api/middleware/rate-limit.js";
import { routing } from "./api/middleware/routing.js";
import { send } from "./api/middleware/sending.js";
import { validation } from "./api/middleware/validation.js";
import { allHandlers } from "./api/routes/index.js";
import type { Settings } from "./config.js";
import type { Contract } from "./contract.js";
import { connect } from "./db.js";
import type { Operation } from "./operations.js";
import * as idempotencyService from "./services/idempotency-service.js";
import * as paging from "./services/paging.js";
import * as passwordService from "./services/password-service.js";
import * as rateLimitService from "./services/rate-limit-service.js";
import * as reportService from "./services/report-service.js";
import * as tokenService from "./services/token-service.js";

/** Makes the application, without a connection to anything. Throws a ContractError. */
export async function createApp(
  settings: Settings,
  contract: Contract,
  metrics: Metrics,
): Promise<Express> {
  const handlers = allHandlers(settings, metrics);
  contract.bind(handlers);
  await configureServices(settings, contract);
  const app = express();
  app.disable("x-powered-by");
  app.enable("case sensitive routing");
  app.enable("strict routing");
  app.use(accessLog(settings, contract, metrics), limits(contract));
  routing(app, contract, (operation) => [
    rateLimit(operation),
    auth(operation),
    body(contract, operation),
    validation(operation),
    dispatch(handlers, operation),
  ]);
  app.use(errorHandler(contract));
  return app;
}

/** Gives the services what they need of the settings and of the contract. */
export async function configureServices(settings: Settings, contract: Contract): Promise<void> {
  connect(settings);
  idempotencyService.configure(contract);
  paging.configure(contract);
  await passwordService.configure(contract);
  rateLimitService.configure(settings);
  reportService.configure(contract);
  tokenService.configure(contract, settings);
}

/** Runs the handler of an operation, and sends what it answers. */
function dispatch(handlers: Handlers, { id, parameters }: Operation): RequestHandler {
  const bound = handlers[id] as Handler<typeof id>;
  const takesKey = Object.hasOwn(parameters.header.types, "idempotency-key");
  const handler = takesKey ? idempotent(bound) : bound;
  return async (_request, response) => {
    send(response, await handler(current(response)));
  };
}
