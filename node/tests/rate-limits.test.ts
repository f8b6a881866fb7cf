import { get } from "node:http";
import { expect, onTestFinished, vi } from "vitest";
import { Metrics } from "../src/api/middleware/metrics.js";
import { isAddress } from "../src/api/middleware/rate-limit.js";
import { createApp } from "../src/app.js";
import type { Settings } from "../src/config.js";
import { using } from "../src/current.js";
import { makeResources } from "../src/resources.js";
import { clientOf, shareCounts } from "../src/services/rate-limit-service.js";
import { Client, freshEmail, PASSWORD, registered } from "./clients.js";
import { test as base, listening, testSettings } from "./fixtures.js";
import { queried } from "./reads.js";

const LOW = { rateLimitPerMinute: 2, credentialLimitPerMinute: 2 };

const test = base.extend<{ settings: Settings }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what is needed
  settings: [async ({}, use) => use({ ...testSettings(), ...LOW }), { scope: "file" }],
});
const END = "UPDATE rate_limits SET window_ends_at = now() WHERE key LIKE $1 RETURNING key";
const KNOWN = `
  SELECT hits, round(extract(epoch FROM window_ends_at - now()) / 86400)::int AS days
  FROM rate_limits WHERE key LIKE $1`;

async function statuses(count: number, send: () => Promise<{ status: number }>): Promise<number[]> {
  const seen: number[] = [];
  while (seen.length < count) seen.push((await send()).status);
  return seen;
}

test("general limit", async ({ origin }) => {
  const client = new Client(origin);
  expect(await statuses(3, () => client.get("tasks"))).toEqual([401, 401, 429]);
  const { headers } = await client.get("tasks");
  expect(headers.get("RateLimit-Policy")).toBe('"general";q=2;w=60');
  expect(headers.get("RateLimit")).toBe(`"general";r=0;t=${headers.get("Retry-After")}`);
  expect(Number(headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
  expect(Number(headers.get("Retry-After"))).toBeLessThanOrEqual(60);
  expect((await new Client(origin).get("tasks")).status).toBe(401);
});

test("credentials limit is per operation", async ({ origin }) => {
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

test.for(ADDRESSES)("IP address syntax: %s", ([text, expected]) => {
  expect(isAddress(text)).toBe(expected);
});

/** Sends as many wrong passwords as the limit allows, from a new address. */
async function guess(origin: string, email: string): Promise<number[]> {
  const client = new Client(origin);
  return statuses(2, () => client.post("auth/login", { email, password: "not my password" }));
}

test("account limit applies to unknown clients", async ({ origin }) => {
  const client = await registered(origin);
  const { email } = (await client.get("users/me")).json;
  // The first log-in was from an unknown client.
  for (let each = 0; each < 2; each++) expect(await guess(origin, email)).toEqual([401, 401]);
  expect(await guess(origin, email)).toEqual([401, 429]);
  const body = { email: email.toUpperCase(), password: PASSWORD };
  const refused = await new Client(origin).post("auth/login", body);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("RateLimit-Policy")).toBe('"account";q=6;w=60');
  expect((await client.post("auth/login", body)).status).toBe(200);
});

test("limit does not reveal whether an account exists", async ({ origin }) => {
  const email = freshEmail();
  for (let each = 0; each < 3; each++) expect(await guess(origin, email)).toEqual([401, 401]);
  expect(await guess(origin, email)).toEqual([429, 429]);
});

test("current password cannot be guessed", async ({ origin }) => {
  const client = await registered(origin);
  const body = { current_password: "not my password" };
  const send = () => client.patch("users/me", body, { "If-Match": "*" });
  expect(await statuses(3, send)).toEqual([422, 422, 429]);
  expect((await send()).headers.get("RateLimit-Policy")).toBe('"credentials";q=2;w=60');
});

test("current password cannot be guessed from many addresses", async ({ origin }) => {
  const { token } = await registered(origin);
  const send = () => {
    const client = Object.assign(new Client(origin), { token });
    return client.patch("users/me", { current_password: "not my password" }, { "If-Match": "*" });
  };
  // The first log-in was from an unknown client, too.
  expect(await statuses(6, send)).toEqual([422, 422, 422, 422, 422, 429]);
  expect((await send()).headers.get("RateLimit-Policy")).toBe('"account";q=6;w=60');
});

test("deletion password cannot be guessed", async ({ origin }) => {
  const client = await registered(origin);
  const send = () => client.post("users/me/deletion", { current_password: "not my password" });
  expect(await statuses(3, send)).toEqual([422, 422, 429]);
  expect((await send()).headers.get("RateLimit-Policy")).toBe('"credentials";q=2;w=60');
});

test("deletion password cannot be guessed from many addresses", async ({ origin }) => {
  const { token } = await registered(origin);
  const send = () => {
    const client = Object.assign(new Client(origin), { token });
    return client.post("users/me/deletion", { current_password: "not my password" });
  };
  // The first log-in was from an unknown client, too.
  expect(await statuses(6, send)).toEqual([422, 422, 422, 422, 422, 429]);
  expect((await send()).headers.get("RateLimit-Policy")).toBe('"account";q=6;w=60');
});

test.for([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["2001:DB8::1", "2001:0db8:0000:0000::/64"],
  ["2001:db8:0:1:2:3:4:5", "2001:0db8:0000:0001::/64"],
  ["unknown", "unknown"],
] as const)("client is an address or a network: %s", ([address, client]) => {
  expect(clientOf(address)).toBe(client);
});

test("addresses of a network are one client", async ({ origin }) => {
  const addresses = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"];
  const seen: number[] = [];
  for (const address of addresses) {
    seen.push((await new Client(origin, address).get("tasks")).status);
  }
  expect(seen).toEqual([401, 401, 429, 401]);
});

test("health is not limited", async ({ origin }) => {
  const client = new Client(origin);
  expect(await statuses(4, () => client.get("/health"))).toEqual([200, 200, 200, 200]);
});

/** Returns the status code of a request from another address of this machine. */
function statusFrom(localAddress: string, origin: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = get(`${origin}/api/v1/tasks`, { localAddress }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    request.on("error", reject);
  });
}

// On other systems a machine has no further loopback addresses.
test.skipIf(process.platform !== "linux")(
  "clients without a proxy are distinguished",
  async ({ origin }) => {
    const seen: (number | undefined)[] = [];
    for (const address of ["127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.3"]) {
      seen.push(await statusFrom(address, origin));
    }
    expect(seen).toEqual([401, 401, 429, 401]);
  },
);

/** Lets the windows of such keys end. */
async function end({ databaseUrl }: Settings, key: string): Promise<void> {
  expect(await queried(databaseUrl, (client) => client.query(END, [key]))).toHaveLength(1);
}

test("credentials are counted anew after the window", async ({ origin, settings }) => {
  const client = new Client(origin);
  const body = { email: freshEmail(), password: PASSWORD };
  for (let each = 0; each < 2; each++) {
    expect(await statuses(3, () => client.post("auth/login", body))).toEqual([401, 401, 429]);
    await end(settings, `logIn ${clientOf(client.address)}`);
  }
});

test("client is known to an account for days", async ({ origin, settings, contract }) => {
  const client = await registered(origin);
  const { email } = (await client.get("users/me")).json;
  const key = `known % ${clientOf(client.address)}`;
  const known = await queried(settings.databaseUrl, (own) => own.query(KNOWN, [key]));
  expect(known).toEqual([{ hits: 1, days: contract.get("x-account-attempts").known_days }]);
  await end(settings, key);
  for (let each = 0; each < 3; each++) await guess(origin, email);
  const refused = await client.post("auth/login", { email, password: PASSWORD });
  expect(refused.headers.get("RateLimit-Policy")).toBe('"account";q=6;w=60');
});

test("refused client may come back after a second", async ({ origin, resources }) => {
  const client = new Client(origin);
  const { windows } = resources;
  const spies = [
    vi.spyOn(windows, "beginSharing").mockReturnValue(false),
    vi.spyOn(performance, "now").mockReturnValue(performance.now()),
  ];
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
  });
  await client.get("tasks");
  windows.learn(clientOf(client.address), 2, 0.5);
  const { status, headers } = await client.get("tasks");
  expect([status, headers.get("Retry-After")]).toEqual([429, "1"]);
});

test("sharing begins when counts are due", async ({ settings, contract, log: _ }) => {
  const high = { ...settings, rateLimitPerMinute: 600 };
  const application = await createApp(high, contract, new Metrics(contract));
  const { windows } = application.resources;
  const begun = vi.spyOn(windows, "beginSharing").mockReturnValue(false);
  const taken = vi.spyOn(windows, "take");
  await listening(application, async (origin) => {
    const client = new Client(origin);
    for (const due of [0, 0, 1, 2]) {
      await client.get("tasks");
      expect([begun.mock.calls.length, taken.mock.calls.length]).toEqual([due, 0]);
    }
  });
});

test("counts that were not shared are kept", async ({ settings, contract, log: _ }) => {
  const databaseUrl = "postgresql://nobody@127.0.0.1:1/nowhere";
  const resources = await makeResources(
    { ...settings, rateLimitPerMinute: 600, databaseUrl },
    contract,
  );
  for (let sent = 0; sent < 3; sent++) resources.windows.count("203.0.113.7");
  await using(resources, () => shareCounts(resources));
  expect([...resources.windows.take()]).toEqual([["203.0.113.7", 3]]);
  await resources.database.disconnect();
});

test("fault of the program while counts are shared is logged", async ({
  settings,
  contract,
  log,
}) => {
  const resources = await makeResources({ ...settings, rateLimitPerMinute: 600 }, contract);
  // No text of the database.
  for (let sent = 0; sent < 3; sent++) resources.windows.count("\0");
  await using(resources, () => shareCounts(resources));
  const logged = log.lines.filter(({ event }) => event === "unhandled_error");
  expect(logged).toMatchObject([{ level: "error" }]);
  await resources.database.disconnect();
});
