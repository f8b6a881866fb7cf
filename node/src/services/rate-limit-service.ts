/** Rate limits: fixed windows of one minute that start at the first request. */

import { createHash } from "node:crypto";
import ipaddr from "ipaddr.js";
import { resources, using } from "../current.js";
import { outageOf } from "../outages.js";
import type { Resources } from "../resources.js";
import { currentContext } from "../utils/context.js";
import { RateLimitedError } from "../utils/errors.js";
import { logException, logger } from "../utils/logger.js";
import * as securityTrail from "./security-trail.js";
import { addCounts, countHit, countStranger, rememberClient as remember } from "./statements.js";
import { WINDOW_SECONDS } from "./windows.js";

/** Returns the client that an address counts as: for IPv6, its /64 network. */
export function clientOf(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address;
  const parsed = ipaddr.IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  const network = parsed.parts.slice(0, 4).map((part) => part.toString(16).padStart(4, "0"));
  return `${network.join(":")}::/64`;
}

/**
 * Counts a request of a client, across all processes. Throws a RateLimitedError.
 *
 * No request waits for the database: this process counts, and tells the others meanwhile.
 */
export function countGeneral(client: string): void {
  const held = resources();
  const { hits, wait, isDue } = held.windows.count(client);
  if (isDue && held.windows.beginSharing()) void using(held, () => shareCounts(held));
  judge("general", held.settings.rateLimitPerMinute, hits, wait);
}

/**
 * Tells other processes what this one has counted, and learns the numbers of all.
 *
 * Without the database, this process counts alone, and logs that once.
 */
export async function shareCounts(held: Resources): Promise<void> {
  const { windows } = held;
  const taken = windows.take();
  try {
    const rows = await addCounts([...taken.keys()], [...taken.values()], WINDOW_SECONDS);
    for (const { client, hits, seconds } of rows) windows.learn(client, hits, seconds);
    if (windows.endSharing(false)) logger().info("limits_shared");
  } catch (error) {
    windows.giveBack(taken);
    if (windows.endSharing(true)) logFailure(held, error);
  }
}

/** Counts an attempt at an operation, across all processes. Throws a RateLimitedError. */
export async function countCredentials(client: string, operation: string): Promise<void> {
  const { hits, wait } = await countHit(`${operation} ${client}`, WINDOW_SECONDS);
  judge("credentials", resources().settings.credentialLimitPerMinute, hits, wait);
}

/**
 * Counts an attempt on an account by a client that it does not know. Throws a RateLimitedError.
 *
 * email: in lower case.
 */
export async function countAccount(email: string): Promise<void> {
  const { contract, settings } = resources();
  const key = `account ${digest(email)}`;
  const counted = await countStranger(key, known(email), WINDOW_SECONDS);
  if (counted === undefined) return;
  const { factor } = contract.get("x-account-attempts");
  judge("account", factor * settings.credentialLimitPerMinute, counted.hits, counted.wait);
}

/** Makes the client known to an account that it has logged in to. */
export async function rememberClient(email: string): Promise<void> {
  await remember(known(email), resources().contract.get("x-account-attempts").known_days);
}

function known(email: string): string {
  return `known ${digest(email)} ${currentContext()?.client ?? ""}`;
}

function digest(email: string): string {
  return createHash("sha256").update(email).digest("hex");
}

function judge(policy: string, limit: number, hits: number, wait: number): void {
  if (hits <= limit) return;
  const error = new RateLimitedError(policy, limit, WINDOW_SECONDS, Math.max(1, wait));
  if (policy !== "general") securityTrail.record("attempts_throttled", null, error.code);
  throw error;
}

function logFailure({ contract }: Resources, error: unknown): void {
  const outage = outageOf(error, contract.get("x-unavailable").states);
  if (outage === undefined) logException("unhandled_error", error);
  else {
    logger().warning({ cause: outage.cause, sqlstate: outage.sqlstate }, "limits_not_shared");
  }
}
