/** The number of SQL statements per operation: agreed for both twins, independent of the data. */

import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { parse } from "yaml";
import { rowsOf, runOn } from "../src/db.js";
import { Prisma } from "../src/generated/prisma/client.js";
import { makeResources, type Resources } from "../src/resources.js";
import { type Client, freshEmail, PASSWORD, type Received } from "./clients.js";
import { test as base, copied } from "./fixtures.js";
import { queried } from "./reads.js";

const FILE = new URL("../../contract-tests/statements.yaml", import.meta.url);
const AGREED: Record<string, number> = parse(readFileSync(FILE, "utf8"));
const HOUR = { start_time: "2026-02-02T09:00:00Z", end_time: "2026-02-02T10:00:00Z" };
const YEAR = "from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z";
// Behind a pooler the database has to set what sessions have otherwise.
const IN_UTC = `
  DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET timezone = ''UTC''', current_database());
  END $$`;
const ANY = { "If-Match": "*" };

async function credentials(client: Client): Promise<object> {
  return { email: (await client.get("users/me")).json.email, password: PASSWORD };
}

async function refreshToken(client: Client): Promise<object> {
  const { json } = await client.post("auth/login", await credentials(client));
  return { refresh_token: json.refresh_token };
}

async function promote(client: Client, { database }: Resources): Promise<void> {
  const { id } = (await client.get("users/me")).json;
  await database.client.user.updateMany({ where: { id }, data: { role: "admin" } });
}

async function taskPath(client: Client): Promise<string> {
  return `tasks/${(await client.makeTask()).id}`;
}

async function entryPath(client: Client): Promise<string> {
  const entry = await client.makeEntry(await client.makeTask(), HOUR.start_time, HOUR.end_time);
  return `time-entries/${entry.id}`;
}

async function start(client: Client, query = ""): Promise<Received> {
  return client.post(`timer/start${query}`, { task_id: (await client.makeTask()).id });
}

type Request = (client: Client, resources: Resources) => Promise<Received>;

const REQUESTS: Record<string, Request> = {
  registerUser: (c) => c.post("auth/register", { email: freshEmail(), password: PASSWORD }),
  logIn: async (c) => c.post("auth/login", await credentials(c)),
  refreshTokens: async (c) => c.post("auth/refresh", await refreshToken(c)),
  logOut: async (c) => c.post("auth/logout", await refreshToken(c)),
  getCurrentUser: (c) => c.get("users/me"),
  updateCurrentUser: (c) =>
    c.patch("users/me", { email: freshEmail(), current_password: PASSWORD }, ANY),
  deleteCurrentUser: (c) => c.post("users/me/deletion", { current_password: PASSWORD }),
  listUsers: async (c, resources) => {
    await promote(c, resources);
    return c.get("users");
  },
  listTasks: (c) => c.get("tasks?limit=100"),
  createTask: (c) => c.post("tasks", { title: "a" }),
  getTask: async (c) => c.get(await taskPath(c)),
  updateTask: async (c) => c.patch(await taskPath(c), { title: "b" }, ANY),
  deleteTask: async (c) => c.delete(await taskPath(c)),
  listTaskTimeEntries: async (c) => c.get(`${await taskPath(c)}/time-entries`),
  createTaskTimeEntry: async (c) => c.post(`${await taskPath(c)}/time-entries`, HOUR),
  listTimeEntries: (c) => c.get("time-entries"),
  createTimeEntry: async (c) =>
    c.post("time-entries", { task_id: (await c.makeTask()).id, ...HOUR }),
  getTimeEntry: async (c) => c.get(await entryPath(c)),
  updateTimeEntry: async (c) => c.patch(await entryPath(c), { note: "b" }, ANY),
  deleteTimeEntry: async (c) => c.delete(await entryPath(c)),
  getTimer: async (c) => {
    await start(c);
    return c.get("timer");
  },
  startTimer: (c) => start(c),
  stopTimer: async (c) => {
    await start(c);
    return c.post("timer/stop");
  },
  getTimeReport: (c) => c.get(`reports/time?${YEAR}&group_by=day&tz=UTC`),
  getHealth: (c) => c.get("/health"),
  getReadiness: (c) => c.get("/ready"),
  getMetrics: (c) => c.get("/metrics"),
  getContractJson: (c) => c.get("/openapi.json"),
  getContractYaml: (c) => c.get("/openapi.yaml"),
  getDocs: (c) => c.get("/docs"),
  getDocsPage: (c) => c.get("/docs/index.html"),
};

const test = base.extend<{ sent: (answer: Promise<Received>) => Promise<number> }>({
  sent: async ({ log }, use) => {
    await use(async (answer) => {
      const { headers } = await answer;
      return (await log.lineOf(headers.get("X-Request-ID"))).statements;
    });
  },
});

test("every operation has an agreed number and a test", () => {
  expect(Object.keys(REQUESTS)).toEqual(Object.keys(AGREED));
});

test.for(Object.entries(REQUESTS))(
  "number of statements is as agreed: %s",
  async ([operation, request], { client, resources, sent }) => {
    expect(await sent(request(client, resources))).toBe(AGREED[operation]);
  },
);

test.for(["listTasks", "listTimeEntries", "getTimeReport", "listUsers"])(
  "number of statements is independent of the data: %s",
  async (operation, { client, resources, sent }) => {
    for (let day = 10; day < 22; day++) {
      const task = await client.makeTask(`Task ${day}`, { tags: ["a", "b"] });
      await client.makeEntry(task, `2026-03-${day}T09:00:00Z`, "2026-03-30T09:00:00Z");
    }
    const answer = REQUESTS[operation]?.(client, resources) as Promise<Received>;
    expect(await sent(answer)).toBe(AGREED[operation]);
  },
);

test("variants send the documented extra statements", async ({ client, sent }) => {
  const more = async (operation: string, answer: Promise<Received>) =>
    (await sent(answer)) - (AGREED[operation] ?? 0);
  const once = { "Idempotency-Key": "once" };
  expect(await more("createTask", client.post("tasks", { title: "a" }, once))).toBe(2);
  await start(client);
  expect(await more("startTimer", start(client, "?on_conflict=stop_previous"))).toBe(1);
  const path = await taskPath(client);
  expect(await more("deleteTask", client.delete(path, ANY))).toBe(1);
  const body = { password: PASSWORD, current_password: PASSWORD };
  expect(await more("updateCurrentUser", client.patch("users/me", body, ANY))).toBe(1);
  const token = await refreshToken(client);
  expect(await more("refreshTokens", client.post("auth/refresh", token))).toBe(0);
  expect(await more("refreshTokens", client.post("auth/refresh", token))).toBe(1);
});

/** How often a statement that was sent three times was prepared, and the limit of its time. */
async function session(): Promise<unknown> {
  for (let sent = 0; sent < 3; sent++) await rowsOf(Prisma.sql`SELECT 1 AS one`);
  const [row] = await rowsOf(Prisma.sql`
    SELECT max(generic_plans + custom_plans)::int AS uses,
      current_setting('statement_timeout') AS limit
    FROM pg_prepared_statements WHERE statement = 'SELECT 1 AS one'`);
  return row;
}

test.for([
  ["none", { uses: 3, limit: "7s" }],
  ["transaction", { uses: null, limit: "0" }],
] as const)(
  "sessions are set up unless they are shared: %s",
  async ([databasePooler, expected], { settings, contract }) => {
    await copied(process.env.TEST_TEMPLATE_URL ?? "", async (databaseUrl) => {
      await queried(databaseUrl, (client) => client.query(IN_UTC));
      const own = { ...settings, databaseUrl, databasePooler, databaseTimeoutMs: 7000 };
      const { database } = await makeResources(own, contract);
      expect(await runOn(database, session)).toEqual(expected);
      await database.disconnect();
    });
  },
);
