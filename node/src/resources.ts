/** The resources of a process: created once by `createApp`, and passed to each request. */

import type { Settings } from "./config.js";
import type { Contract } from "./contract.js";
import { Database } from "./db.js";
import { AVAILABLE, makeReplica, type Replica } from "./replica.js";
import { type Hashing, makeHashing } from "./services/password-service.js";
import { TokenRules } from "./services/token-service.js";
import { Windows } from "./services/windows.js";

/** Whether a signal has begun to stop the process, which still responds for a while. */
export class Shutdown {
  hasBegun = false;
}

/** Settings, contract and what is derived from them; nothing else outlives a request. */
export interface Resources {
  readonly settings: Settings;
  readonly contract: Contract;
  readonly database: Database;
  readonly replica: Replica | undefined;
  readonly hashing: Hashing;
  readonly tokens: TokenRules;
  readonly windows: Windows;
  readonly shutdown: Shutdown;
}

/** Creates the resources of a process, without connecting to anything. */
export async function makeResources(settings: Settings, contract: Contract): Promise<Resources> {
  return {
    settings,
    contract,
    database: new Database(settings),
    replica: makeReplica(settings, contract.get("x-read-replica")),
    hashing: await makeHashing(contract),
    tokens: new TokenRules(settings, contract),
    windows: new Windows(settings.rateLimitPerMinute, contract.get("x-limit-sharing")),
    shutdown: new Shutdown(),
  };
}

/** Closes the connections to the databases. */
export async function disconnect({ database, replica }: Resources): Promise<void> {
  await database.disconnect();
  await replica?.database.disconnect();
}

/** Returns how much of the resources is in use, by the names of metrics. */
export function usageOf({
  settings,
  database,
  replica,
  hashing,
}: Resources): Record<string, number> {
  const [running, queued] = hashing.queue.load();
  return {
    db_pool_size: settings.databasePoolSize,
    db_pool_in_use: database.inUse,
    db_pool_waiting: database.waiting,
    db_replica_available: Number(replica?.state === AVAILABLE),
    password_queue_running: running,
    password_queue_waiting: queued,
  };
}
