/** Keeps metrics to a port of their own. */

import type { Settings } from "../../config.js";
import type { Contract } from "../../contract.js";
import { PathNotFoundError } from "../../utils/errors.js";
import { normalPath } from "../../utils/uri.js";
import type { Call } from "../call.js";

/** The second check: where the metrics have a port, nothing else is there. */
export class MetricsPort {
  private readonly port: number;
  private readonly path: string;

  constructor(settings: Settings, contract: Contract) {
    this.port = settings.metricsPort;
    this.path = contract.pathOf("getMetrics", {});
  }

  /** Throws a PathNotFoundError. */
  readonly check = (call: Call): void => {
    if (this.port === 0) return;
    if ((call.port === this.port) !== (normalPath(call.path) === this.path)) {
      throw new PathNotFoundError();
    }
  };
}
