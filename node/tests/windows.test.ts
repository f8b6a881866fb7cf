/** Rate limit windows: requests are counted per process, and summed over processes. */

import { expect, onTestFinished, vi } from "vitest";
import type { Contract } from "../src/contract.js";
import { WINDOW_SECONDS, Windows } from "../src/services/windows.js";
import { test } from "./fixtures.js";

const LIMIT = 600;
const CLIENT = "203.0.113.7";

/** The shared counts, as in a database. */
class Shared {
  private readonly hits = new Map<string, number>();

  /** Exchanges counts as a process does when it is due. */
  tell(windows: Windows): void {
    expect(windows.beginSharing()).toBe(true);
    for (const [client, number] of windows.take()) {
      const hits = (this.hits.get(client) ?? 0) + number;
      this.hits.set(client, hits);
      windows.learn(client, hits, WINDOW_SECONDS);
    }
    windows.endSharing(false);
  }
}

function made(contract: Contract, seconds?: number): Windows {
  const rules = contract.get("x-limit-sharing");
  return new Windows(LIMIT, seconds === undefined ? rules : { ...rules, seconds });
}

test.for([1, 2, 4, 8])("processes share the limit: %s", (processes, { contract }) => {
  const several = Array.from({ length: processes }, () => made(contract, 1000));
  const shared = new Shared();
  let allowed = 0;
  let reports = 0;
  for (let sent = 0; sent < 5 * LIMIT; sent++) {
    const one = several[Math.floor(Math.random() * processes)] as Windows;
    const { hits, isDue } = one.count(CLIENT);
    if (hits <= LIMIT) allowed += 1;
    if (!isDue) continue;
    shared.tell(one);
    reports += 1;
  }
  expect(allowed).toBeGreaterThanOrEqual(0.9 * LIMIT);
  expect(allowed).toBeLessThanOrEqual(1.1 * LIMIT);
  expect(reports).toBeLessThan(LIMIT / 2 + 20 * processes);
});

test("late process learns the counts of the others", ({ contract }) => {
  const [first, second] = [made(contract), made(contract)];
  const shared = new Shared();
  for (let sent = 0; sent <= LIMIT; sent++) if (first.count(CLIENT).isDue) shared.tell(first);
  let allowed = 0;
  for (let sent = 0; sent < LIMIT; sent++) {
    const { hits, isDue } = second.count(CLIENT);
    if (hits <= LIMIT) allowed += 1;
    if (isDue) shared.tell(second);
  }
  expect(allowed).toBeLessThanOrEqual(contract.get("x-limit-sharing").share * LIMIT + 1);
});

test("clients far from the limit are not shared", ({ contract }) => {
  const windows = made(contract);
  const due = [1, 2, 3].map(() => windows.count(CLIENT).isDue);
  expect(due).toEqual([false, false, true]);
  windows.count("203.0.113.8");
  expect([...windows.take()]).toEqual([[CLIENT, 3]]);
  expect([...windows.take()]).toEqual([]);
});

test("counts that could not be shared are shared later", ({ contract }) => {
  const windows = made(contract);
  for (let sent = 0; sent < 4; sent++) windows.count(CLIENT);
  expect(windows.count(CLIENT)).toMatchObject({ hits: 5, wait: WINDOW_SECONDS });
  windows.giveBack(windows.take());
  expect(windows.count(CLIENT).hits).toBe(6);
  expect([...windows.take()]).toEqual([[CLIENT, 6]]);
});

test("counts of a window that has ended are not shared", ({ contract }) => {
  const clock = vi.spyOn(performance, "now").mockReturnValue(1_000_000);
  onTestFinished(() => clock.mockRestore());
  const windows = made(contract);
  for (let sent = 0; sent < 5; sent++) windows.count(CLIENT);
  clock.mockReturnValue(1_060_000);
  expect([...windows.take()]).toEqual([]);
});

test("window ends with the shared window", ({ contract }) => {
  const windows = made(contract);
  windows.count(CLIENT);
  windows.learn(CLIENT, 40, 7.5);
  expect(windows.count(CLIENT)).toMatchObject({ hits: 42, wait: 8 });
  windows.learn(CLIENT, 40, 0);
  expect(windows.count(CLIENT)).toMatchObject({ hits: 1, wait: WINDOW_SECONDS });
});

test("failure is reported once", ({ contract }) => {
  const windows = made(contract);
  expect(windows.beginSharing()).toBe(true);
  expect(windows.beginSharing()).toBe(false);
  expect(windows.endSharing(true)).toBe(true);
  // It waits before the next attempt.
  expect(windows.beginSharing()).toBe(false);
  expect(windows.endSharing(true)).toBe(false);
  expect(windows.endSharing(false)).toBe(true);
  expect(windows.beginSharing()).toBe(true);
});

test("window ends after a minute and is forgotten", ({ contract }) => {
  const clock = vi.spyOn(performance, "now").mockReturnValue(1_000_000);
  onTestFinished(() => clock.mockRestore());
  const windows = made(contract);
  const counted = ["a", "a", "b"].map((each) => windows.count(each));
  expect(counted).toMatchObject([
    { hits: 1, wait: 60 },
    { hits: 2, wait: 60 },
    { hits: 1, wait: 60 },
  ]);
  clock.mockReturnValue(1_059_500);
  expect(windows.count("a")).toMatchObject({ hits: 3, wait: 1 });
  clock.mockReturnValue(1_060_000);
  expect(windows.count("c")).toMatchObject({ hits: 1, wait: 60 });
  expect([...Reflect.get(windows, "held").keys()]).toEqual(["c"]);
  expect(windows.count("a")).toMatchObject({ hits: 1, wait: 60 });
});

/** Sets the clock, `performance.now`, to seconds. */
function clock(): (seconds: number) => void {
  const spy = vi.spyOn(performance, "now").mockReturnValue(1_000_000);
  onTestFinished(() => spy.mockRestore());
  return (seconds) => void spy.mockReturnValue(seconds * 1000);
}

test("windows that have not ended are kept", ({ contract }) => {
  const setClock = clock();
  const windows = made(contract);
  for (let sent = 0; sent < 3; sent++) windows.count(CLIENT);
  windows.count("a");
  setClock(1030);
  windows.count("b");
  setClock(1059.96);
  expect(windows.count("a")).toMatchObject({ hits: 2, wait: 1 });
  expect([...windows.take()]).toEqual([[CLIENT, 3]]);
  setClock(1060);
  expect(windows.count("a")).toMatchObject({ hits: 1, wait: 60 });
  expect(windows.count("b")).toMatchObject({ hits: 2, wait: 30 });
  windows.learn("b", 40, 7.5);
  expect(windows.count("b")).toMatchObject({ hits: 43, wait: 8 });
  windows.learn("b", 40, 0);
  expect(windows.count("b")).toMatchObject({ hits: 1, wait: 60 });
});

test("counts are shared after a second or a share of the rest", ({ contract }) => {
  const setClock = clock();
  const windows = made(contract);
  for (let sent = 0; sent < 3; sent++) windows.count(CLIENT);
  windows.take();
  windows.learn(CLIENT, 100, 60);
  // A fiftieth of the 500 that are left.
  const due = Array.from({ length: 10 }, () => windows.count(CLIENT).isDue);
  expect(due).toEqual([...Array(9).fill(false), true]);
  windows.take();
  windows.learn(CLIENT, 110, 60);
  setClock(1000.9);
  expect(windows.count(CLIENT).isDue).toBe(false);
  setClock(1001);
  expect(windows.count(CLIENT).isDue).toBe(true);
});

test("one request beyond the limit is shared", ({ contract }) => {
  const windows = made(contract);
  windows.count(CLIENT);
  windows.learn(CLIENT, LIMIT, 60);
  expect(windows.count(CLIENT).isDue).toBe(true);
  windows.take();
  windows.learn(CLIENT, LIMIT + 1, 60);
  expect(windows.count(CLIENT).isDue).toBe(false);
  expect([...windows.take()]).toEqual([]);
});

test("counts of an earlier window are not given back", ({ contract }) => {
  const setClock = clock();
  const windows = made(contract);
  for (let sent = 0; sent < 5; sent++) windows.count(CLIENT);
  const taken = windows.take();
  setClock(1060);
  for (let sent = 0; sent < 3; sent++) windows.count(CLIENT);
  windows.giveBack(taken);
  expect([...windows.take()]).toEqual([[CLIENT, 3]]);
  setClock(1120);
  windows.count("a");
  windows.giveBack(taken);
  windows.learn(CLIENT, 9, 60);
  expect(windows.count(CLIENT)).toMatchObject({ hits: 1, wait: 60 });
});

test("sharing is tried again a second after a failure", ({ contract }) => {
  const setClock = clock();
  const windows = made(contract);
  expect(windows.beginSharing()).toBe(true);
  windows.endSharing(true);
  setClock(1000.9);
  expect(windows.beginSharing()).toBe(false);
  setClock(1001);
  expect(windows.beginSharing()).toBe(true);
});
