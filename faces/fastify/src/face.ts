/** The Task Timer on Fastify: the checks, handlers and services of the Node twin as they are. */

import Fastify, {
  type FastifyReply,
  type FastifyRequest,
  type preHandlerAsyncHookHandler,
} from "fastify";
import type { Answer, Handler } from "../../../node/dist/api/answers.js";
import type { Call } from "../../../node/dist/api/call.js";
import { type Check, checks, type Finish, finisher } from "../../../node/dist/api/checks.js";
import { AccessLog } from "../../../node/dist/api/middleware/access-log.js";
import { ErrorHandler } from "../../../node/dist/api/middleware/error-handler.js";
import { answerOptions, enter } from "../../../node/dist/api/middleware/routing.js";
import { boundHandlers } from "../../../node/dist/api/routes/index.js";
import type { Operation, OperationId } from "../../../node/dist/operations.js";
import type { Create } from "../../../node/dist/server/serve.js";
import { configureServices } from "../../../node/dist/services/index.js";
import { runInContext } from "../../../node/dist/utils/context.js";
import { PathNotFoundError } from "../../../node/dist/utils/errors.js";
import { normalPath, splitTarget } from "../../../node/dist/utils/uri.js";

declare module "fastify" {
  interface FastifyRequest {
    call: Call;
  }
}

/** Makes the application, without a connection to anything. Throws a ContractError. */
export const createFace: Create = async (settings, contract, metrics) => {
  const handlers = boundHandlers(settings, contract, metrics);
  await configureServices(settings, contract);
  const { beforeRouting, afterRouting } = checks(contract);
  const finish = finisher(settings, contract);
  const accessLog = new AccessLog(settings, contract, metrics);
  const errors = new ErrorHandler(contract, finish);
  const methods = contract.get("x-methods");

  const app = Fastify({
    exposeHeadRoutes: false,
    rewriteUrl: ({ url }) => lookedUp(url),
    routerOptions: { maxParamLength: contract.get("x-limits").url_bytes },
  });
  // Bodies are read in their turn among the checks, and not by Fastify before them.
  for (const method of methods) app.addHttpMethod(method, { overrideExisting: true });
  app.decorateRequest("call");
  app.addHook("onRequest", (request, reply, done) => {
    request.call = accessLog.begin(request.raw, reply.raw, request.originalUrl);
    runInContext(request.call.context, done);
  });
  for (const check of beforeRouting) app.addHook("onRequest", checked(check));

  for (const operation of contract.operations.values()) {
    app.route({
      method: operation.method === "GET" ? ["GET", "HEAD"] : operation.method,
      url: pathOf(operation.path),
      preHandler: [routed(operation), ...afterRouting.map(checked)],
      handler: answered(handlers[operation.id], finish),
    });
  }
  for (const path of Object.keys(contract.get("paths"))) {
    const url = pathOf(path);
    app.route({
      method: methods.filter((method) => !app.hasRoute({ method, url })),
      url,
      handler: answered(answerOptions(contract.allow(path)), finish),
    });
  }
  app.setNotFoundHandler(() => {
    throw new PathNotFoundError();
  });
  app.setErrorHandler((error, request, reply) => {
    // The client has gone, or the parser has refused the rest of its request.
    if (reply.raw.destroyed || reply.raw.headersSent) reply.hijack();
    else send(reply, errors.answer(request.call, error));
  });
  await app.ready();
  return { listener: app.routing };
};

/** Fastify looks a path up before all hooks; what is malformed the first of them refuses. */
function lookedUp(target = ""): string {
  try {
    return normalPath(splitTarget(target)[0]);
  } catch {
    return "/";
  }
}

function checked(check: Check): preHandlerAsyncHookHandler {
  return async ({ call }) => {
    await check(call);
  };
}

function routed(operation: Operation): preHandlerAsyncHookHandler {
  return async ({ call, params }) => enter(call, operation, params as object);
}

function answered(handler: Handler<OperationId>, finish: Finish) {
  return async ({ call }: FastifyRequest, reply: FastifyReply) =>
    send(reply, finish(call, await handler(call)));
}

function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  reply.code(status).headers(headers);
  if (body !== undefined) reply.header("Content-Length", body.length);
  // Fastify would give an empty body a media type.
  return reply.send(body?.length ? body : undefined);
}

/** Of itself a parameter of Fastify's may be empty. */
function pathOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1([^]+)");
}
