/** The checks of every request and the finishers of every response, in any framework. */

import type { Resources } from "../resources.js";
import type { Answer } from "./answers.js";
import type { Call } from "./call.js";
import * as auth from "./middleware/auth.js";
import { Bodies } from "./middleware/body.js";
import * as conditional from "./middleware/conditional.js";
import * as connection from "./middleware/connection.js";
import { Cors } from "./middleware/cors.js";
import { Limits } from "./middleware/limits.js";
import { MetricsPort } from "./middleware/metrics-port.js";
import * as rateLimit from "./middleware/rate-limit.js";
import * as responseValidation from "./middleware/response-validation.js";
import { SecurityHeaders } from "./middleware/security-headers.js";
import * as validation from "./middleware/validation.js";

/** Fills in a call, or throws. */
export type Check = (call: Call) => Promise<void> | void;

/** Returns a response that is one step closer to what is sent. */
export type Finish = (call: Call, answer: Answer) => Answer;

/** The checks before routing, and those once the operation is known. */
export interface Checks {
  beforeRouting: Check[];
  afterRouting: Check[];
}

/** Lists the checks in the order of `x-check-order`. */
export function checks({ settings, contract }: Resources): Checks {
  return {
    beforeRouting: [new Limits(contract).check, new MetricsPort(settings, contract).check],
    afterRouting: [rateLimit.check, auth.check, new Bodies(contract).check, validation.check],
  };
}

/** Returns the function that applies all finishers to a response, in order. */
export function finisher({ settings, contract }: Resources): Finish {
  const finishers = [
    conditional.finish,
    new SecurityHeaders(contract, settings).finish,
    new Cors(contract, settings).finish,
    ...(settings.validateResponses ? [responseValidation.finish] : []),
    connection.finish,
  ];
  return (call, given) => finishers.reduce((answer, finish) => finish(call, answer), given);
}
