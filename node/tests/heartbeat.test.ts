/** The lag of an event loop, and its periodic callbacks. */

import { expect, test, vi } from "vitest";
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

test("beats are measured by the clock", () => {
  const heartbeat = new Heartbeat();
  let done = 0;
  heartbeat.eachSecond(() => {
    done += 1;
  });
  let now = 1000;
  let beat = () => {};
  let wait = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
  const start = (callback: () => void, milliseconds: number) => {
    beat = callback;
    wait = milliseconds;
    return { unref: () => {} };
  };
  const timer = vi.spyOn(globalThis, "setInterval").mockImplementation(start as never);
  heartbeat.run();
  const seen = [[heartbeat.lag, done]];
  while (seen.length <= 100) {
    // The first beat is late.
    now += wait + (seen.length === 1 ? 250 : 0);
    beat();
    seen.push([heartbeat.lag, done]);
  }
  clock.mockRestore();
  timer.mockRestore();
  const lag = (beats: number) => (beats > 0 && beats < 100 ? 0.25 : 0);
  expect(seen).toEqual(seen.map((_, beats) => [lag(beats), Math.floor(beats / 10)]));
  expect(now).toBe(11_250);
});
