/** Rate limits: fixed windows of one minute that start at the first request. */

import { createHash } from "node:crypto";
import ipaddr from "ipaddr.js";
import { resources } from "../current.js";
import { currentContext } from "../utils/context.js";
import { RateLimitedError } from "../utils/errors.js";
import * as securityTrail from "./security-trail.js";
import { countHit, countStranger, rememberClient as remember } from "./statements.js";

const WINDOW_SECONDS = 60;

/** The windows of a process, by client address: the end of each, and its number of requests. */
export class Windows {
  private readonly held = new Map<string, { endsAt: number; hits: number }>();
  private nextSweep = 0;

  /** Counts a request; returns the number so far, and the seconds until the window ends. */
  count(address: string): { hits: number; wait: number } {
    const now = performance.now() / 1000;
    if (now >= this.nextSweep) this.sweep(now);
    const held = this.held.get(address);
    const window = held && held.endsAt > now ? held : { endsAt: now + WINDOW_SECONDS, hits: 0 };
    window.hits += 1;
    this.held.set(address, window);
    return { hits: window.hits, wait: Math.ceil(window.endsAt - now) };
  }

  private sweep(now: number): void {
    for (const [address, { endsAt }] of this.held) {
      if (endsAt <= now) this.held.delete(address);
    }
    this.nextSweep = now + WINDOW_SECONDS;
  }
}

/** Returns whom requests from an address are counted for: in IPv6, its /64 network. */
export function clientOf(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address;
  const parsed = ipaddr.IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  const network = parsed.parts.slice(0, 4).map((part) => part.toString(16).padStart(4, "0"));
  return `${network.join(":")}::/64`;
}

/** Counts a request of a client in this process. Throws a RateLimitedError. */
export function countGeneral(client: string): void {
  const { settings, windows } = resources();
  const { hits, wait } = windows.count(client);
  judge("general", settings.rateLimitPerMinute, hits, wait);
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
