/** The Task Timer on Fastify: the checks, handlers and services of the Node twin as they are. */

import Fastify, {
  type FastifyReply,
  type FastifyRequest,
  type preHandlerAsyncHookHandler,
} from "fastify";
import type { Answer, Handler } from "../../../dist/api/answers.js";
import type { Call } from "../../../dist/api/call.js";
import { type Check, checks, type Finish, finisher } from "../../../dist/api/checks.js";
import { AccessLog } from "../../../dist/api/middleware/access-log.js";
import { ErrorHandler } from "../../../dist/api/middleware/error-handler.js";
import { answerOptions, enter } from "../../../dist/api/middleware/routing.js";
import { boundHandlers } from "../../../dist/api/routes/index.js";
import type { Operation, OperationId } from "../../../dist/operations.js";
import { makeResources } from "../../../dist/resources.js";
import type { Create } from "../../../dist/server/serve.js";
import { runInContext } from "../../../dist/utils/context.js";
import { PathNotFoundError } from "../../../dist/utils/errors.js";
import { routePath } from "../../../dist/utils/uri.js";

declare module "fastify" {
  interface FastifyRequest {
    call: Call;
  }
}

/** Creates the application, without connecting to anything. Throws a ContractError. */
export const createApp: Create = async (settings, contract, metrics) => {
  const resources = await makeResources(settings, contract);
  const handlers = boundHandlers(resources, metrics);
  const { beforeRouting, afterRouting } = checks(resources);
  const finish = finisher(resources);
  const accessLog = new AccessLog(resources, metrics);
  const errors = new ErrorHandler(contract, finish);
  const methods = contract.get("x-methods");

  const app = Fastify({
    exposeHeadRoutes: false,
    // Fastify routes before all hooks; the first of them refuses malformed paths.
    rewriteUrl: ({ url = "" }) => routePath(url) || "/",
    routerOptions: { maxParamLength: contract.get("x-limits").url_bytes },
  });
  // Bodies are read by the checks, in their order, not by Fastify before them.
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
    // The client has disconnected, or the parser has refused the rest of its request.
    if (reply.raw.destroyed || reply.raw.headersSent) reply.hijack();
    else send(reply, errors.answer(request.call, error));
  });
  await app.ready();
  return { listener: app.routing, resources };
};

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
  // Fastify would send a media type with an empty body.
  return reply.send(body?.length ? body : undefined);
}

/** Of itself a parameter of Fastify's may be empty. */
function pathOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1([^]+)");
}
