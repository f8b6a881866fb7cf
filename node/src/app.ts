/** Creates the application; the only module that depends on its framework. */

import { IncomingMessage, ServerResponse } from "node:http";
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import type { Answer, Handler } from "./api/answers.js";
import type { Call } from "./api/call.js";
import { type Check, checks, type Finish, finisher } from "./api/checks.js";
import { AccessLog } from "./api/middleware/access-log.js";
import { ErrorHandler } from "./api/middleware/error-handler.js";
import type { Metrics } from "./api/middleware/metrics.js";
import { answerOptions, enter } from "./api/middleware/routing.js";
import { boundHandlers } from "./api/routes/index.js";
import type { Settings } from "./config.js";
import type { Contract } from "./contract.js";
import type { Operation, OperationId } from "./operations.js";
import { makeResources } from "./resources.js";
import type { Application, Messages } from "./server/serve.js";
import { runInContext } from "./utils/context.js";
import { PathNotFoundError } from "./utils/errors.js";

type Verb = "get" | "post" | "put" | "patch" | "delete";

/** An application that Express answers for. */
interface ExpressApplication extends Application {
  listener: Express;
}

/** Creates the application, without connecting to anything. Throws a ContractError. */
export async function createApp(
  settings: Settings,
  contract: Contract,
  metrics: Metrics,
): Promise<ExpressApplication> {
  const resources = await makeResources(settings, contract);
  const handlers = boundHandlers(resources, metrics);
  const { beforeRouting, afterRouting } = checks(resources);
  const finish = finisher(resources);
  const app = express();
  app.locals.resources = resources;
  app.disable("x-powered-by");
  app.enable("case sensitive routing");
  app.enable("strict routing");
  app.use(begin(new AccessLog(resources, metrics)));
  app.use(...beforeRouting.map(checked), respell);
  for (const operation of contract.operations.values()) {
    const verb = operation.method.toLowerCase() as Verb;
    const answer = answered(handlers[operation.id], finish);
    app[verb](pathOf(operation.path), routed(operation), ...afterRouting.map(checked), answer);
  }
  for (const path of Object.keys(contract.get("paths"))) {
    app.all(pathOf(path), answered(answerOptions(contract.allow(path)), finish));
  }
  app.use(() => {
    throw new PathNotFoundError();
  });
  app.use(handleErrors(new ErrorHandler(contract, finish)));
  return { listener: app, resources, messages: messagesOf(app) };
}

/** Lists the routes of the contract that were created: `POST /api/v1/tasks`. */
export function routesOf({ listener }: ExpressApplication): string[] {
  const routes = listener.router.stack.flatMap(({ route }) => (route ? [route] : []));
  return routes.flatMap(({ path, stack }) => {
    const methods = [...new Set(stack.map(({ method }) => method.toUpperCase()))];
    // What answers all methods of a path is none of its operations.
    const name = path.replace(/:(\w+)/g, "{$1}");
    return methods.length === 1 ? [`${methods[0]} ${name}`] : [];
  });
}

/**
 * Creates message classes that have the prototypes of Express from the start.
 *
 * Express would set them on each message, which keeps V8 from collecting messages, and what they
 * refer to, before they are old.
 */
function messagesOf(app: Express): Messages {
  class OwnRequest extends IncomingMessage {}
  class OwnResponse<R extends IncomingMessage> extends ServerResponse<R> {}
  Object.setPrototypeOf(OwnRequest.prototype, app.request);
  Object.setPrototypeOf(OwnResponse.prototype, app.response);
  app.request = OwnRequest.prototype as Request;
  app.response = OwnResponse.prototype as Response;
  return { IncomingMessage: OwnRequest, ServerResponse: OwnResponse };
}

function begin(accessLog: AccessLog): RequestHandler {
  return (request, response, next) => {
    const call = accessLog.begin(request, response);
    response.locals.call = call;
    runInContext(call.context, next);
  };
}

function checked(check: Check): RequestHandler {
  return async (_request, response, next) => {
    await check(current(response));
    next();
  };
}

/** Express routes by the canonical spelling of the path. */
const respell: RequestHandler = (request, response, next) => {
  request.url = current(response).routePath;
  next();
};

function routed(operation: Operation): RequestHandler {
  return (request, response, next) => {
    enter(current(response), operation, request.params);
    next();
  };
}

function answered(handler: Handler<OperationId>, finish: Finish): RequestHandler {
  return async (_request, response) => {
    const call = current(response);
    send(response, finish(call, await handler(call)));
  };
}

function handleErrors(errors: ErrorHandler): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    // The client has disconnected, or the parser has refused the rest of its request.
    if (response.destroyed || response.headersSent) return;
    send(response, errors.answer(current(response), error));
  };
}

function send(response: Response, { status, headers, body }: Answer): void {
  const length = body !== undefined && { "Content-Length": body.length };
  response.writeHead(status, { ...headers, ...length });
  response.end(body);
}

function current(response: Response): Call {
  return response.locals.call;
}

function pathOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1");
}
