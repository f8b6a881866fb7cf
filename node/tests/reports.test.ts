import { expect } from "vitest";
import type { Client } from "./clients.js";
import { test } from "./fixtures.js";

type Rows = [group: string | null, seconds: number][];

async function report(
  client: Client,
  [from, to]: [string, string],
  groupBy: "day" | "task" | "tag",
  tz = "UTC",
): Promise<[total: number, rows: Rows]> {
  const query = new URLSearchParams({ from, to, group_by: groupBy, tz });
  const { json } = await client.get(`reports/time?${query}`);
  const key = groupBy === "task" ? "task_id" : groupBy;
  return [
    json.tracked_seconds,
    json.rows.map((row: Record<string, unknown>) => [row[key], row.tracked_seconds]),
  ];
}

test("days end at local midnight", async ({ client }) => {
  const task = await client.makeTask();
  await client.makeEntry(task, "2026-02-01T22:00:00Z", "2026-02-02T00:00:00Z");
  const year: [string, string] = ["2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z"];
  expect(await report(client, year, "day")).toEqual([7200, [["2026-02-01", 7200]]]);
  const expected = [
    ["2026-02-01", 3600],
    ["2026-02-02", 3600],
  ];
  expect(await report(client, year, "day", "Europe/Berlin")).toEqual([7200, expected]);
});

test.for<[string, string, number]>([
  ["Europe/Berlin", "2026-03-29", 23 * 3600],
  ["Europe/Berlin", "2026-10-25", 25 * 3600],
  ["America/Havana", "2026-11-01", 25 * 3600],
  ["America/Havana", "2026-03-08", 23 * 3600],
  ["Australia/Lord_Howe", "2026-04-05", 24 * 3600 + 1800],
])("days with a daylight-saving change: %s %s", async ([tz, day, seconds], { client }) => {
  const task = await client.makeTask();
  await client.makeEntry(task, "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z");
  const range: [string, string] = ["2026-01-02T00:00:00Z", "2026-12-30T00:00:00Z"];
  const [, rows] = await report(client, range, "day", tz);
  expect(new Map(rows).get(day)).toBe(seconds);
  expect(rows.reduce((sum, [, tracked]) => sum + tracked, 0)).toBe(362 * 24 * 3600);
});

test("milliseconds are summed before rounding", async ({ client }) => {
  const task = await client.makeTask("A task", { tags: ["b", "a"] });
  for (const minute of ["00", "01", "02"]) {
    const start = `2026-02-02T09:${minute}:00`;
    await client.makeEntry(task, `${start}.000Z`, `${start}.400Z`);
  }
  const day: [string, string] = ["2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z"];
  expect(await report(client, day, "task")).toEqual([1, [[task.id, 1]]]);
  const tags = [
    ["a", 1],
    ["b", 1],
  ];
  expect(await report(client, day, "tag")).toEqual([1, tags]);
  expect((await client.get(`tasks/${task.id}`)).json.tracked_seconds).toBe(0);
});

test("time without a tag comes last", async ({ client }) => {
  const hour = ["2026-02-02T09:00:00Z", "2026-02-02T10:00:00Z"] as const;
  await client.makeEntry(await client.makeTask(), ...hour);
  await client.makeEntry(await client.makeTask("Tagged", { tags: ["é", "Z", "a"] }), ...hour);
  const day: [string, string] = ["2026-02-02T09:30:00Z", "2026-02-03T00:00:00Z"];
  const expected = ["Z", "a", "é", null].map((tag) => [tag, 1800]);
  expect(await report(client, day, "tag")).toEqual([3600, expected]);
});

test.for([
  ["2025-12-31T23:59:59Z", "invalid_interval"],
  ["2027-01-02T00:00:00.001Z", "range_too_long"],
])("report range is bounded: %s", async ([end, code], { client }) => {
  const answer = await client.get(`reports/time?from=2026-01-01T00:00:00Z&to=${end}&tz=UTC`);
  expect([answer.status, answer.json.code]).toEqual([422, code]);
});
