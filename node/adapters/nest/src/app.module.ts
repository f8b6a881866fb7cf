/** The one module: controllers made from the contract, the guard before them, the filter behind. */

import { type DynamicModule, Inject, Module, type OnModuleInit } from "@nestjs/common";
import { APP_FILTER, APP_GUARD } from "@nestjs/core";
import { checks, finisher } from "../../../dist/api/checks.js";
import { ErrorHandler } from "../../../dist/api/middleware/error-handler.js";
import type { Metrics } from "../../../dist/api/middleware/metrics.js";
import { boundHandlers } from "../../../dist/api/routes/index.js";
import type { Settings } from "../../../dist/config.js";
import { Contract } from "../../../dist/contract.js";
import { configureServices } from "../../../dist/services/index.js";
import { CHECKS, ChecksGuard } from "./checks.guard.js";
import { controllerOf } from "./operations.controller.js";
import { ProblemFilter } from "./problem.filter.js";

const SETTINGS = Symbol("settings");

@Module({})
export class AppModule implements OnModuleInit {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(Contract) private readonly contract: Contract,
  ) {}

  /** Gives the module of a contract. Throws a ContractError. */
  static forContract(settings: Settings, contract: Contract, metrics: Metrics): DynamicModule {
    const handlers = boundHandlers(settings, contract, metrics);
    const finish = finisher(settings, contract);
    const paths = Object.keys(contract.get("paths"));
    return {
      module: AppModule,
      controllers: paths.map((path) => controllerOf(contract, path, handlers, finish)),
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: Contract, useValue: contract },
        { provide: CHECKS, useValue: checks(contract).afterRouting },
        { provide: ErrorHandler, useValue: new ErrorHandler(contract, finish) },
        { provide: APP_GUARD, useClass: ChecksGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }

  async onModuleInit(): Promise<void> {
    await configureServices(this.settings, this.contract);
  }
}
