/** The rules. Nothing here knows of HTTP; failures are the exceptions of `utils/errors`. */

import type { Settings } from "../config.js";
import type { Contract } from "../contract.js";
import { connect } from "../db.js";
import * as idempotencyService from "./idempotency-service.js";
import * as paging from "./paging.js";
import * as passwordService from "./password-service.js";
import * as rateLimitService from "./rate-limit-service.js";
import * as reportService from "./report-service.js";
import * as tokenService from "./token-service.js";

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
