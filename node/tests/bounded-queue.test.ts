/** The queue for password hashing: waiting, rejection and recovery. */

import { setImmediate } from "node:timers/promises";
import { expect } from "vitest";
import { Metrics } from "../src/api/middleware/metrics.js";
import { createApp } from "../src/app.js";
import { Contract } from "../src/contract.js";
import { BoundedQueue } from "../src/utils/bounded-queue.js";
import { OverloadedError } from "../src/utils/errors.js";
import { Client, freshEmail, PASSWORD } from "./clients.js";
import { listening, test } from "./fixtures.js";
import { codeOf } from "./servers.js";

/** Occupies a queue of one until `use` has ended, and returns the work that occupied it. */
async function held(queue: BoundedQueue, use: () => Promise<void>): Promise<string> {
  let end = () => {};
  const work = queue.run(async () => {
    await new Promise<void>((resolve) => {
      end = resolve;
    });
    return "held";
  });
  await use();
  end();
  return work;
}

const nothing = async () => "";

test("work waits for its turn", async () => {
  const queue = new BoundedQueue(1, 1, 60);
  let begun = false;
  let second = Promise.resolve("");
  const first = await held(queue, async () => {
    second = queue.run(async () => {
      begun = true;
      return "";
    });
    await setImmediate();
    expect(begun).toBe(false);
  });
  expect([first, await second]).toEqual(["held", ""]);
});

test("load counts running and waiting work", async () => {
  const queue = new BoundedQueue(1, 2, 60);
  expect(queue.load()).toEqual([0, 0]);
  let others = Promise.resolve([""]);
  await held(queue, async () => {
    others = Promise.all([queue.run(nothing), queue.run(nothing)]);
    expect(queue.load()).toEqual([1, 2]);
  });
  expect(await others).toEqual(["", ""]);
  expect(queue.load()).toEqual([0, 0]);
});

test("full queue rejects immediately", async () => {
  const queue = new BoundedQueue(1, 0, 60);
  await held(queue, () => expect(queue.run(nothing)).rejects.toThrow(OverloadedError));
  expect(await queue.run(nothing)).toBe("");
});

test("waiting times out", async () => {
  const queue = new BoundedQueue(1, 1, 0.01);
  await held(queue, () => expect(queue.run(nothing)).rejects.toThrow(OverloadedError));
  expect(await queue.run(nothing)).toBe("");
});

test("failed work frees its slot", async () => {
  const queue = new BoundedQueue(1, 0, 60);
  const fail = () => Promise.reject(new RangeError("x"));
  for (let round = 0; round < 3; round++) await expect(queue.run(fail)).rejects.toThrow(RangeError);
});

test("full hashing queue is 503", async ({ settings, contract, log: _ }) => {
  const source = contract.source.toString();
  const text = source.replace("concurrency: 2, waiting: 8", "concurrency: 1, waiting: 0");
  const small = new Contract(Buffer.from(text));
  const body = { email: freshEmail(), password: PASSWORD };
  const application = await createApp(settings, small, new Metrics(small));
  await listening(application, async (origin) => {
    const client = new Client(origin);
    await held(application.resources.hashing.queue, async () => {
      const refused = await client.post("auth/register", body);
      expect(codeOf(refused)).toEqual([503, "overloaded"]);
      expect(refused.headers.get("Retry-After")).toBe("1");
      expect((await client.post("auth/login", body)).status).toBe(503);
    });
    expect((await client.post("auth/register", body)).status).toBe(201);
  });
});
