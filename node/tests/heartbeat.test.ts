/** The lag of an event loop, and its periodic callbacks. */

import { expect, test } from "vitest";
import { BEATS_KEPT, BEATS_PER_SECOND, Heartbeat } from "../src/utils/heartbeat.js";

test("lag is the maximum of recent beats", () => {
  const heartbeat = new Heartbeat();
  heartbeat.beat(1, 0.5);
  heartbeat.beat(2, 0.1);
  expect(heartbeat.lag).toBe(0.5);
  heartbeat.beat(BEATS_KEPT, 0);
  heartbeat.beat(BEATS_KEPT + 1, 0.2);
  expect(heartbeat.lag).toBe(0.5);
  heartbeat.beat(2 * BEATS_KEPT, 0);
  expect(heartbeat.lag).toBe(0.2);
});

test("callbacks run every second", () => {
  const heartbeat = new Heartbeat();
  const done: string[] = [];
  heartbeat.eachSecond(() => done.push("done"));
  for (let beats = 1; beats < 3 * BEATS_PER_SECOND; beats++) heartbeat.beat(beats, 0);
  expect(done).toEqual(["done", "done"]);
});
