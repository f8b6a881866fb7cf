// Sends requests at a constant rate, whether or not earlier responses have arrived.

import { setTimeout as sleep } from "node:timers/promises";
import { Inconsistent } from "./user.mjs";

/** A load of users in turn. Times start at the instant at which the request was due. */
export class Pace {
  constructor(users, rate) {
    this.rate = rate;
    this.idle = [...users];
    this.waiting = [];
    this.open = new Set();
    this.samples = [];
    this.failures = [];
    this.isOver = false;
  }

  /** Sends until it is stopped, then waits for all responses. */
  async run() {
    const begin = now();
    for (let sent = 0; !this.isOver; sent++) {
      const due = begin + (sent * 1000) / this.rate;
      const early = due - now();
      if (early > 0) await sleep(early);
      const step = this.#turn(due).finally(() => this.open.delete(step));
      this.open.add(step);
    }
    for (const receive of this.waiting) receive(null);
    await Promise.all(this.open);
  }

  stop() {
    this.isOver = true;
  }

  async #turn(due) {
    const user = this.idle.shift() ?? (await new Promise((wake) => this.waiting.push(wake)));
    if (user === null) return;
    let kind = "ok";
    try {
      await user.step();
    } catch (error) {
      kind = error instanceof Inconsistent ? "inconsistent" : "failed";
      this.failures.push({
        at: due,
        kind,
        operation: user.operation,
        request_id: user.requestId,
        email: user.email,
        message: error.message,
      });
    }
    this.samples.push([due, now() - due, user.operation, kind, user.requestId]);
    // A user that does not know what is stored cannot check responses.
    if (user.isUnsure) return;
    const next = this.waiting.shift();
    if (next === undefined) this.idle.push(user);
    else next(user);
  }
}

/** Milliseconds since 1970, with fractions. */
export function now() {
  return performance.timeOrigin + performance.now();
}
