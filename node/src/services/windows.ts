/**
 * The windows that requests are counted in: by each process itself, and by all together.
 *
 * Each window lasts a minute from its first request. A process tells the others what it has counted
 * through the database, and learns the number of all.
 */

import type { ContractDocument } from "../contract.js";

export const WINDOW_SECONDS = 60;

/** A window of a client. reported: the requests of all processes, as far as this one knows. */
interface Window {
  endsAt: number;
  reported: number;
  unreported: number;
  reportedAt: number;
}

/** The windows of a process, by client. rules: `x-limit-sharing` of the contract. */
export class Windows {
  private readonly held = new Map<string, Window>();
  private readonly least: number;
  private readonly pending = new Set<string>();
  private nextSweep = 0;
  private isSharing = false;
  private hasFailed = false;
  private nextTry = 0;

  constructor(
    private readonly limit: number,
    private readonly rules: ContractDocument["x-limit-sharing"],
  ) {
    this.least = rules.share * limit;
  }

  /**
   * Counts a request.
   *
   * Returns the number so far, the seconds until the window ends, and whether to tell others.
   */
  count(client: string): { hits: number; wait: number; isDue: boolean } {
    const now = performance.now() / 1000;
    if (now >= this.nextSweep) this.sweep(now);
    let window = this.held.get(client);
    if (window === undefined || window.endsAt <= now) {
      window = { endsAt: now + WINDOW_SECONDS, reported: 0, unreported: 0, reportedAt: -Infinity };
      this.held.set(client, window);
    }
    window.unreported += 1;
    const hits = window.reported + window.unreported;
    const isOfInterest = window.reported <= this.limit && hits >= this.least;
    if (isOfInterest) this.pending.add(client);
    const isDue = isOfInterest && this.isDue(window, now);
    // The sum of two numbers less one of them may be more than the other.
    const wait = Math.min(Math.ceil(window.endsAt - now), WINDOW_SECONDS);
    return { hits, wait, isDue };
  }

  /** Returns whether counts can be shared now; if so, `endSharing` must follow. */
  beginSharing(): boolean {
    if (this.isSharing || performance.now() / 1000 < this.nextTry) return false;
    this.isSharing = true;
    return true;
  }

  /** Returns whether sharing counts has just begun to fail, or to work again. */
  endSharing(hasFailed: boolean): boolean {
    this.isSharing = false;
    this.nextTry = hasFailed ? performance.now() / 1000 + this.rules.seconds : 0;
    const isNew = hasFailed !== this.hasFailed;
    this.hasFailed = hasFailed;
    return isNew;
  }

  /** Takes the numbers of requests to be shared, by client. */
  take(): Map<string, number> {
    const now = performance.now() / 1000;
    const taken = new Map<string, number>();
    for (const client of this.pending) {
      const window = this.held.get(client);
      if (window === undefined || window.endsAt <= now) continue;
      taken.set(client, window.unreported);
      window.reported += window.unreported;
      window.unreported = 0;
      window.reportedAt = now;
    }
    this.pending.clear();
    return taken;
  }

  /** Takes back numbers that could not be shared. */
  giveBack(taken: Map<string, number>): void {
    for (const [client, number] of taken) {
      const window = this.held.get(client);
      if (window === undefined || window.reported < number) continue;
      window.reported -= number;
      window.unreported += number;
      this.pending.add(client);
    }
  }

  /** Learns what all processes have counted, and when their window ends. */
  learn(client: string, hits: number, seconds: number): void {
    const window = this.held.get(client);
    if (window === undefined) return;
    window.reported = hits;
    window.endsAt = performance.now() / 1000 + seconds;
  }

  private isDue(window: Window, now: number): boolean {
    const share = this.rules.share_of_rest * (this.limit - window.reported);
    return window.unreported >= share || now - window.reportedAt >= this.rules.seconds;
  }

  private sweep(now: number): void {
    for (const [client, { endsAt }] of this.held) {
      if (endsAt <= now) this.held.delete(client);
    }
    this.nextSweep = now + WINDOW_SECONDS;
  }
}
