/** A replica is used while it keeps up, and a failure is no reason to ask it all the time. */

import { setImmediate } from "node:timers/promises";
import { expect, onTestFinished, vi } from "vitest";
import type { Settings } from "../src/config.js";
import type { Contract } from "../src/contract.js";
import { using } from "../src/current.js";
import { rowsOf, runOn, transactional } from "../src/db.js";
import { Prisma } from "../src/generated/prisma/client.js";
import type { Outage } from "../src/outages.js";
import { AVAILABLE, BEHIND, makeReplica, type Replica, UNAVAILABLE } from "../src/replica.js";
import { look } from "../src/services/replica-service.js";
import { test } from "./fixtures.js";
import type { Log } from "./log.js";

const LOST: Outage = { cause: "lost", sqlstate: null, exception: "Error" };
const SILENT: Outage = { cause: "silent", sqlstate: null, exception: "NoAnswerError" };
const LAGS: Outage = { cause: "behind", sqlstate: null, exception: null };
const PROMOTED: Outage = { cause: "no_replica", sqlstate: null, exception: null };

/** The milliseconds of `performance.now`. */
function clock(): { now: number } {
  const held = { now: 1_000_000 };
  const spy = vi.spyOn(performance, "now").mockImplementation(() => held.now);
  onTestFinished(() => spy.mockRestore());
  return held;
}

function made(settings: Settings, contract: Contract): Replica {
  const named = { ...settings, databaseReadUrl: settings.databaseUrl };
  const replica = makeReplica(named, contract.get("x-read-replica"));
  if (replica === undefined) throw new Error("there is no replica");
  onTestFinished(() => replica.database.disconnect());
  return replica;
}

/** What was logged since the last time. */
function events(log: Log): unknown[] {
  const lines = log.lines.splice(0);
  return lines.map(({ event, cause }) => (cause === undefined ? [event] : [event, cause]));
}

function tries(replica: Replica): boolean[] {
  return [1, 2, 3].map(() => replica.isWorthATry());
}

test("without a URL there is none", ({ settings, contract }) => {
  expect(makeReplica(settings, contract.get("x-read-replica"))).toBeUndefined();
});

test("one that works is always used", ({ settings, contract }) => {
  const replica = made(settings, contract);
  expect(replica.state).toBe(AVAILABLE);
  expect(tries(replica)).toEqual([true, true, true]);
});

test("one that failed is tried once after a pause", ({ settings, contract, log: _ }) => {
  const time = clock();
  const replica = made(settings, contract);
  const pause = replica.rules.pause_seconds * 1000;
  replica.fails(UNAVAILABLE, LOST);
  time.now += pause - 1;
  expect(replica.isWorthATry()).toBe(false);
  time.now += 1;
  expect(tries(replica)).toEqual([true, false, false]);
  time.now += pause - 1;
  expect(replica.isWorthATry()).toBe(false);
  time.now += 1;
  expect(replica.isWorthATry()).toBe(true);
  replica.keepsUp();
  expect(tries(replica)).toEqual([true, true, true]);
});

test("each change is logged once", ({ settings, contract, log }) => {
  const replica = made(settings, contract);
  events(log);
  replica.keepsUp();
  expect(events(log)).toEqual([]);
  for (const _ of [1, 2]) replica.fails(UNAVAILABLE, LOST);
  expect(events(log)).toEqual([["replica_unavailable", "lost"]]);
  replica.fails(UNAVAILABLE, PROMOTED);
  expect(events(log)).toEqual([["replica_unavailable", "no_replica"]]);
  replica.fails(BEHIND, LAGS);
  expect(events(log)).toEqual([["replica_unavailable", "behind"]]);
  for (const _ of [1, 2]) replica.keepsUp();
  expect(events(log)).toEqual([["replica_available"]]);
});

test("connections are given up if one is silent", async ({ settings, contract, log: _ }) => {
  const replica = made(settings, contract);
  const session = () =>
    replica.run(async () => {
      const [row] = await rowsOf<{ pid: number }>(Prisma.sql`SELECT pg_backend_pid() AS pid`);
      return row?.pid;
    });
  const first = await session();
  replica.fails(UNAVAILABLE, LOST);
  await setImmediate();
  expect(await session()).toBe(first);
  replica.fails(UNAVAILABLE, SILENT);
  // Their end is noticed in the event loop.
  await setImmediate();
  expect(await session()).not.toBe(first);
});

test("one that failed is not asked for its state", async ({
  settings,
  contract,
  log,
  resources,
}) => {
  const replica = made(settings, contract);
  clock();
  replica.fails(UNAVAILABLE, LOST);
  events(log);
  expect(await using({ ...resources, replica }, look)).toBe(UNAVAILABLE);
  // A try would have found that it is no replica.
  expect(events(log)).toEqual([]);
});

test("transaction cannot begin while only reading", async ({ resources }) => {
  const read = transactional(() => rowsOf(Prisma.sql`SELECT 1`));
  const within = () => runOn(resources.database, read);
  await expect(using(resources, within)).rejects.toThrow("a replica has no transactions");
  expect(await using(resources, read)).toHaveLength(1);
});
