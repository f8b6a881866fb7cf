/**
 * Reads from the replica of the database, as soon as that has all that the user has written.
 *
 * Positions are those of the primary's write-ahead log, in bytes. After each change of a user's data
 * that of the primary is stored; a replica that has replayed the log up to there shows the change.
 */

import { resources } from "../current.js";
import { answeredWithin } from "../db.js";
import { type Outage, outageOf } from "../outages.js";
import { BEHIND, type Replica, type ReplicaState, UNAVAILABLE } from "../replica.js";
import { type Needed, readNeeded, readReplayed, storePosition } from "./replica-statements.js";

/** Stores how far a replica has to be for the user to see what was changed until now. */
export async function noteWrite(userId: string): Promise<void> {
  await storePosition(userId);
}

/**
 * Runs what only reads: on the replica if that has what the user has written.
 *
 * Tells where it was read, or why not on the replica.
 */
export async function read<T>(
  userId: string,
  work: () => Promise<T>,
  tell: (outcome: string) => void,
): Promise<T> {
  const { replica } = resources();
  if (replica === undefined) return work();
  if (!replica.isWorthATry()) {
    tell(replica.state);
    return work();
  }
  const needed = await readNeeded(userId);
  const outcome: T[] = [];
  const source = await attempt(replica, needed, async () => {
    outcome.push(await work());
  });
  tell(source);
  const [first] = outcome;
  return first === undefined ? work() : first;
}

/** Returns the state of the replica, if there is one. */
export async function look(): Promise<ReplicaState | undefined> {
  const { replica } = resources();
  if (replica === undefined) return undefined;
  if (replica.isWorthATry()) await attempt(replica, await readNeeded(null), async () => {});
  return replica.state;
}

/** Runs the work on the replica, if it has what is needed; returns the outcome. */
async function attempt(
  replica: Replica,
  needed: Needed,
  work: () => Promise<void>,
): Promise<string> {
  try {
    return await replica.run(() => workIfReady(replica, needed, work));
  } catch (error) {
    const rules = resources().contract.get("x-unavailable");
    const outage = outageOf(error, rules.states);
    const state = outage?.sqlstate ?? "";
    // A statement that takes too long would do so on the primary.
    if (outage === undefined || replica.rules.raised_states.includes(state)) throw error;
    // What was replayed is in the way of what is read.
    if (rules.retried_states.includes(state)) return "conflict";
    replica.fails(UNAVAILABLE, outage);
    return UNAVAILABLE;
  }
}

async function workIfReady(
  replica: Replica,
  needed: Needed,
  work: () => Promise<void>,
): Promise<string> {
  const replayed = await answeredWithin(replica.rules.timeout_ms, readReplayed);
  if (replayed === null) {
    replica.fails(UNAVAILABLE, failing("no_replica"));
    return UNAVAILABLE;
  }
  if (replayed < needed.current - BigInt(replica.rules.lag_bytes)) {
    replica.fails(BEHIND, failing("behind"));
    return BEHIND;
  }
  replica.keepsUp();
  if (replayed < needed.own) return "own_write";
  await work();
  return "replica";
}

function failing(cause: Outage["cause"]): Outage {
  return { cause, sqlstate: null, exception: null };
}
