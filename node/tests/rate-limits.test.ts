import { expect } from "vitest";
import { isAddress } from "../src/api/middleware/rate-limit.js";
import type { Settings } from "../src/config.js";
import { Client, freshEmail, PASSWORD } from "./clients.js";
import { test as base, testSettings } from "./fixtures.js";

const LOW = { rateLimitPerMinute: 2, credentialLimitPerMinute: 2 };

const test = base.extend<{ settings: Settings }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what is needed
  settings: [async ({}, use) => use({ ...testSettings(), ...LOW }), { scope: "file" }],
});

async function statuses(count: number, send: () => Promise<{ status: number }>): Promise<number[]> {
  const seen: number[] = [];
  while (seen.length < count) seen.push((await send()).status);
  return seen;
}

test("the general limit", async ({ origin }) => {
  const client = new Client(origin);
  expect(await statuses(3, () => client.get("tasks"))).toEqual([401, 401, 429]);
  const { headers } = await client.get("tasks");
  expect(headers.get("RateLimit-Policy")).toBe('"general";q=2;w=60');
  expect(headers.get("RateLimit")).toBe(`"general";r=0;t=${headers.get("Retry-After")}`);
  expect(Number(headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
  expect(Number(headers.get("Retry-After"))).toBeLessThanOrEqual(60);
  expect((await new Client(origin).get("tasks")).status).toBe(401);
});

test("the limit of credentials is for each operation", async ({ origin }) => {
  const client = new Client(origin);
  const body = { email: freshEmail(), password: PASSWORD };
  expect(await statuses(3, () => client.post("auth/login", body))).toEqual([401, 401, 429]);
  expect((await client.post("auth/register", body)).status).toBe(201);
  const { headers } = await client.post("auth/login", body);
  expect(headers.get("RateLimit-Policy")).toBe('"credentials";q=2;w=60');
});

const ADDRESSES: [string, boolean][] = [
  ["203.0.113.7", true],
  ["2001:db8::7", true],
  ["::ffff:203.0.113.7", true],
  ["203.0.113.007", false],
  ["203.0.113", false],
  ["fe80::1%eth0", false],
  ["[2001:db8::7]", false],
  ["203.0.113.7:80", false],
  ["unknown", false],
  ["", false],
  ["1".repeat(9000), false],
];

test.for(ADDRESSES)("an address is one of IP: %s", ([text, expected]) => {
  expect(isAddress(text)).toBe(expected);
});

test("health is not limited", async ({ origin }) => {
  const client = new Client(origin);
  expect(await statuses(4, () => client.get("/health"))).toEqual([200, 200, 200, 200]);
});
