/** The Task Timer on NestJS: the checks, handlers and services of the Node twin as they are. */

import "reflect-metadata";
import type { ServerResponse } from "node:http";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import express from "express";
import { checks } from "../../../dist/api/checks.js";
import { AccessLog } from "../../../dist/api/middleware/access-log.js";
import { makeResources } from "../../../dist/resources.js";
import type { Create } from "../../../dist/server/serve.js";
import { runInContext } from "../../../dist/utils/context.js";
import { AppModule } from "./app.module.js";
import type { HttpRequest } from "./http.js";

/** Creates the application, without connecting to anything. Throws a ContractError. */
export const createApp: Create = async (settings, contract, metrics) => {
  const resources = await makeResources(settings, contract);
  // Nest's platform creates its router at once; later these settings have no effect.
  const platform = express();
  platform.disable("x-powered-by");
  platform.enable("case sensitive routing");
  platform.enable("strict routing");
  const app = await NestFactory.create(
    AppModule.forResources(resources, metrics),
    new ExpressAdapter(platform),
    { abortOnError: false, bodyParser: false, logger: false },
  );

  const accessLog = new AccessLog(resources, metrics);
  const { beforeRouting } = checks(resources);
  // Nest would match the path of its own middleware, which fails if it is malformed.
  app.use((request: HttpRequest, response: ServerResponse, next: () => void) => {
    request.call = accessLog.begin(request, response);
    runInContext(request.call.context, next);
  });
  app.use(async (request: HttpRequest, _response: ServerResponse, next: () => void) => {
    for (const check of beforeRouting) await check(request.call);
    request.url = request.call.routePath;
    next();
  });
  await app.init();
  return { listener: platform, resources };
};
