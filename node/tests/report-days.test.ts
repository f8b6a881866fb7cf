/** Days in reports, compared with the time zones of `Intl`. */

import { expect } from "vitest";
import { using } from "../src/current.js";
import { getTimeReport } from "../src/services/report-service.js";
import { test } from "./fixtures.js";

const [MINUTE, QUARTER, DAY] = [60, 15 * 60, 24 * 60 * 60];
const [BEGINS, ENDS] = [Date.UTC(2010) / 1000, Date.UTC(2020) / 1000];
const SECONDS_LIMIT = 300;

type Clock = (second: number) => string;

function clockOf(timeZone: string): Clock {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  return (second) => format.format(second * 1000);
}

function offsetOf(clock: Clock, second: number): number {
  return Date.parse(`${clock(second).replace(" ", "T")}Z`) / 1000 - second;
}

/** Yields the first second of each UTC offset, and the offsets before and after. */
function* changes(clock: Clock): Generator<[instant: number, old: number, next: number]> {
  let old = offsetOf(clock, BEGINS);
  for (let begins = BEGINS; begins < ENDS; begins += DAY) {
    let [before, after] = [begins, begins + DAY];
    const next = offsetOf(clock, after);
    if (old === next) continue;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offsetOf(clock, middle) === old) before = middle;
      else after = middle;
    }
    yield [after, old, next];
    old = next;
  }
}

/** Steps by a minute around a change of the offset, else by a quarter of an hour. */
function expectedDays(clock: Clock, start: number, end: number, change: number) {
  const days: Record<string, number> = {};
  for (let at = start, step = 0; at < end; at += step) {
    step = at % QUARTER !== 0 || Math.abs(at - change) <= 2 * QUARTER ? MINUTE : QUARTER;
    step = Math.min(step, end - at);
    const day = clock(at).slice(0, 10);
    days[day] = (days[day] ?? 0) + step;
  }
  return days;
}

test("days match the local time of each zone", { timeout: SECONDS_LIMIT * 1000 }, async ({
  client,
  contract,
  resources,
}) => {
  const { TimeZoneName } = contract.document.components.schemas as never as {
    TimeZoneName: { enum: string[] };
  };
  await client.makeEntry(await client.makeTask(), "2009-12-01T00:00:00Z", "2020-02-01T00:00:00Z");
  const { json: user } = await client.get("users/me");
  // Most zones change at the same time as others.
  const windows = new Map<string, [name: string, instant: number]>();
  for (const name of TimeZoneName.enum) {
    windows.set(name, [name, BEGINS]);
    for (const change of changes(clockOf(name))) windows.set(`${change}`, [name, change[0]]);
  }
  expect(windows.size).toBeGreaterThan(1000);
  for (const [name, instant] of windows.values()) {
    const [start, end] = [instant - 2 * DAY + QUARTER, instant + 2 * DAY];
    const report = await using(resources, () =>
      getTimeReport(user.id, new Date(start * 1000), new Date(end * 1000), "day", name),
    );
    const found = report.rows.map((row) => [row.day, Number(row.tracked_seconds)]);
    const expected = expectedDays(clockOf(name), start, end, instant);
    expect(Object.fromEntries(found), `${name} ${instant}`).toEqual(expected);
    expect(new Set(report.rows.map((row) => Number(row.entry_count)))).toEqual(new Set([1]));
  }
});
