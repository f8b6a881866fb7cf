// Sends requests at a constant rate and measures from the instant at which each was due.
//
// stdin: lines of JSON, first what to send (Plan in tooling/benchmark/load.py), then one line a step:
// {"rate": requests a second, or null to keep every connection busy; "seconds"; "mix": {id: weight};
// "requests": after which a busy step ends, null for none}.
// stdout: one line for each step; times in milliseconds. PACKAGE names the package.json with undici.
//
// A slow response never delays the next request, except when that waits for a connection, or for the
// task or user that it needs exclusively; its time includes the wait. Nothing is corrected afterwards.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Report } from "./report.mjs";
import { Requests } from "./requests.mjs";

const { Pool } = createRequire(process.env.PACKAGE)("undici");
// Later responses count as missing, with the time that passed.
const PATIENCE_MS = 10_000;
// Shorter than the idle timeout of any server: no request may be sent on a connection being closed.
const IDLE_MS = 4_000;
// When it is behind schedule, responses are read after this many requests.
const BURST = 16;

/** One step: a load for some seconds. */
class Step {
  constructor(pool, requests, { rate, seconds, mix, connections, requests: most }) {
    Object.assign(this, { pool, requests, rate, seconds, connections, left: most ?? Infinity });
    this.choose = requests.chooser(mix);
    this.report = new Report(mix, requests);
    this.answered = () => {};
  }

  async run() {
    await (this.rate === null ? this.#saturate() : this.#sendAtRate());
    this.answered = () => {};
    const deadline = performance.now() + PATIENCE_MS;
    while (this.report.open.size > 0 && performance.now() < deadline) await sleep(5);
    this.requests.forgetWaiting();
    return this.report.summary();
  }

  /** Sends `rate` requests a second, evenly spaced. */
  async #sendAtRate() {
    const begin = performance.now();
    const total = Math.round(this.rate * this.seconds);
    for (let sent = 0; sent < total; ) {
      const due = begin + (sent * 1000) / this.rate;
      const early = due - performance.now();
      if (early > 0) {
        await sleep(Math.max(1, early));
      } else {
        this.#send(due);
        sent += 1;
        if (sent % BURST === 0) await new Promise(setImmediate);
      }
    }
  }

  /** Keeps every connection busy: what the server does when clients wait for it. */
  async #saturate() {
    const end = performance.now() + this.seconds * 1000;
    this.answered = () => {
      if (performance.now() < end && this.left > 0) {
        this.left -= 1;
        this.#send(performance.now());
      }
    };
    for (let sent = 0; sent < this.connections; sent++) this.answered();
    while (performance.now() < end && this.left > 0) await sleep(5);
  }

  /** Sends one request, due at an instant, as soon as the resource that it needs is free. */
  #send(due) {
    const operation = this.choose();
    const measured = this.report.begin(operation, due);
    this.requests.make(operation, (request) => {
      const handler = new Answer((status, etag, wasSent) => {
        measured.end(status);
        request.release(status, etag, wasSent);
        this.answered();
      });
      this.pool.dispatch(request.options, handler);
    });
  }
}

/**
 * Reads one response to its end, and reports its status, 0 if there was none, its entity tag, and
 * whether the request was sent at all.
 */
class Answer {
  constructor(ended) {
    this.ended = ended;
    this.wasSent = false;
  }

  onRequestStart() {
    this.wasSent = true;
  }

  onResponseStart(_controller, status, headers) {
    this.status = status;
    this.etag = headers.etag;
  }

  onResponseData() {}

  onResponseEnd() {
    this.ended(this.status, this.etag, this.wasSent);
  }

  onResponseError() {
    this.ended(0, undefined, this.wasSent);
  }
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const plan = JSON.parse((await lines.next()).value);
const options = {
  connections: plan.connections,
  pipelining: 1,
  keepAliveTimeout: IDLE_MS,
  headersTimeout: 0,
  bodyTimeout: 0,
};
const requests = new Requests(plan);
let pool = new Pool(plan.address, options);
for await (const line of lines) {
  const step = new Step(pool, requests, { connections: plan.connections, ...JSON.parse(line) });
  const results = await step.run();
  process.stdout.write(`${JSON.stringify(results)}\n`);
  if (results.unanswered > 0) {
    // Waiting requests must not be sent in the next step.
    await pool.destroy();
    pool = new Pool(plan.address, options);
  }
}
await pool.destroy();
