/** A bounded queue for work that takes much memory and a processor. */

import { OverloadedError } from "./errors.js";

/** Runs `concurrency` pieces of work at once; as many as `waiting` wait, up to `seconds`. */
export class BoundedQueue {
  private running = 0;
  private readonly waiters = new Set<() => void>();

  constructor(
    private readonly concurrency: number,
    private readonly waiting: number,
    private readonly seconds: number,
  ) {}

  /** Runs work when its turn has come. Throws an OverloadedError if there is none in time. */
  async run<R>(work: () => Promise<R>): Promise<R> {
    if (this.running < this.concurrency) this.running += 1;
    else await this.turn();
    try {
      return await work();
    } finally {
      this.pass();
    }
  }

  /** Returns how many pieces of work run, and how many wait. */
  load(): [running: number, waiting: number] {
    return [this.running, this.waiters.size];
  }

  private turn(): Promise<void> {
    if (this.waiters.size >= this.waiting) throw new OverloadedError();
    return new Promise((resolve, reject) => {
      const begin = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiters.delete(begin);
        reject(new OverloadedError());
      }, this.seconds * 1000);
      this.waiters.add(begin);
    });
  }

  /** Hands the turn on to whoever has waited longest. */
  private pass(): void {
    const [begin] = this.waiters;
    if (begin === undefined) {
      this.running -= 1;
    } else {
      this.waiters.delete(begin);
      begin();
    }
  }
}
