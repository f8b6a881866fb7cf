/** Rate limits: fixed windows of one minute that start at the first request. */

import { resources } from "../current.js";
import { RateLimitedError } from "../utils/errors.js";
import { countHit } from "./statements.js";

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

/** Counts a request of a client in this process. Throws a RateLimitedError. */
export function countGeneral(address: string): void {
  const { settings, windows } = resources();
  const { hits, wait } = windows.count(address);
  judge("general", settings.rateLimitPerMinute, hits, wait);
}

/** Counts an attempt at an operation, across all processes. Throws a RateLimitedError. */
export async function countCredentials(address: string, operation: string): Promise<void> {
  const { hits, wait } = await countHit(`${operation} ${address}`, WINDOW_SECONDS);
  judge("credentials", resources().settings.credentialLimitPerMinute, hits, wait);
}

function judge(policy: string, limit: number, hits: number, wait: number): void {
  if (hits > limit) throw new RateLimitedError(policy, limit, WINDOW_SECONDS, Math.max(1, wait));
}
