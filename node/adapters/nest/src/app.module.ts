/** The one module: controllers made from the contract, the guard before them, the filter behind. */

import { type DynamicModule, Module } from "@nestjs/common";
import { APP_FILTER, APP_GUARD } from "@nestjs/core";
import { checks, finisher } from "../../../dist/api/checks.js";
import { ErrorHandler } from "../../../dist/api/middleware/error-handler.js";
import type { Metrics } from "../../../dist/api/middleware/metrics.js";
import { boundHandlers } from "../../../dist/api/routes/index.js";
import type { Resources } from "../../../dist/resources.js";
import { CHECKS, ChecksGuard } from "./checks.guard.js";
import { controllerOf } from "./operations.controller.js";
import { ProblemFilter } from "./problem.filter.js";

@Module({})
// biome-ignore lint/complexity/noStaticOnlyClass: modules of Nest are classes.
export class AppModule {
  /** Returns the module of the resources of the process. Throws a ContractError. */
  static forResources(resources: Resources, metrics: Metrics): DynamicModule {
    const { contract } = resources;
    const handlers = boundHandlers(resources, metrics);
    const finish = finisher(resources);
    const paths = Object.keys(contract.get("paths"));
    return {
      module: AppModule,
      controllers: paths.map((path) => controllerOf(contract, path, handlers, finish)),
      providers: [
        { provide: CHECKS, useValue: checks(resources).afterRouting },
        { provide: ErrorHandler, useValue: new ErrorHandler(contract, finish) },
        { provide: APP_GUARD, useClass: ChecksGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
