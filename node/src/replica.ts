/** The read-only replica of the database, and whether it can be used. */

import type { Settings } from "./config.js";
import type { ContractDocument } from "./contract.js";
import { Database, runOn } from "./db.js";
import type { Outage } from "./outages.js";
import { logger } from "./utils/logger.js";

export type ReplicaState = "available" | "behind" | "unavailable";
type Rules = ContractDocument["x-read-replica"];

export const AVAILABLE = "available";
export const BEHIND = "behind";
export const UNAVAILABLE = "unavailable";

/**
 * A replica that is used while it keeps up, and tried again after a pause.
 *
 * rules: `x-read-replica` of the contract. state: the latest that is known, one of `available`,
 * `behind` and `unavailable`.
 */
export class Replica {
  state: ReplicaState = AVAILABLE;
  readonly database: Database;
  private cause = "";
  private nextTry = 0;

  constructor(
    settings: Settings,
    readonly rules: Rules,
  ) {
    this.database = new Database(settings, settings.databaseReadUrl, rules.timeout_ms);
  }

  /** Returns whether to use it; after a pause to one caller only. */
  isWorthATry(): boolean {
    const now = performance.now();
    if (this.state === AVAILABLE) return true;
    if (now < this.nextTry) return false;
    this.nextTry = now + this.rules.pause_seconds * 1000;
    return true;
  }

  /** Runs what only reads on one connection to the replica. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return runOn(this.database, work);
  }

  /** Notes that it can be used. */
  keepsUp(): void {
    if (this.state !== AVAILABLE) logger().info("replica_available");
    this.state = AVAILABLE;
    this.cause = "";
  }

  /** Notes that it cannot be used for a while, and why. */
  fails(state: ReplicaState, outage: Outage): void {
    if (this.cause !== outage.cause) logger().warning({ ...outage }, "replica_unavailable");
    this.state = state;
    this.cause = outage.cause;
    this.nextTry = performance.now() + this.rules.pause_seconds * 1000;
    if (outage.cause === "silent") this.database.renew();
  }
}

/** Returns the replica that the settings name, if they name one. */
export function makeReplica(settings: Settings, rules: Rules): Replica | undefined {
  return settings.databaseReadUrl === "" ? undefined : new Replica(settings, rules);
}
