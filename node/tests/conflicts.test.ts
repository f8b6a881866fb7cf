/** What gives way to another transaction is attempted again, whichever of its writes has to. */

import { expect } from "vitest";
import { Metrics } from "../src/api/middleware/metrics.js";
import { createApp } from "../src/app.js";
import { type Client, freshEmail, PASSWORD, type Received, registered } from "./clients.js";
import { test as base, copied, listening } from "./fixtures.js";
import { queried } from "./reads.js";

// One write fails as the victim of a deadlock does: that which gets this number.
const VICTIM = 100;
const TABLES = [
  "users",
  "sessions",
  "refresh_tokens",
  "tasks",
  "time_entries",
  "idempotency_records",
];
const GIVING_WAY = [
  `CREATE SEQUENCE writes START ${VICTIM + 1}`,
  `CREATE FUNCTION give_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('writes') = ${VICTIM} THEN
      RAISE 'by a test' USING ERRCODE = 'deadlock_detected';
    END IF;
    RETURN NULL;
  END $$`,
  ...TABLES.map(
    (table) => `CREATE TRIGGER gives_way AFTER INSERT OR UPDATE OR DELETE ON ${table}
      FOR EACH STATEMENT EXECUTE FUNCTION give_way()`,
  ),
];
const ANY = { "If-Match": "*" };

type Send = () => Promise<Received>;

async function credentialsOf(client: Client): Promise<{ email: string; password: string }> {
  return { email: (await client.get("users/me")).json.email, password: PASSWORD };
}

async function register(client: Client): Promise<Send> {
  const body = { email: freshEmail(), password: PASSWORD };
  return () => client.post("auth/register", body);
}

async function logOut(client: Client): Promise<Send> {
  const { json } = await client.post("auth/login", await credentialsOf(client));
  return () => client.post("auth/logout", { refresh_token: json.refresh_token });
}

async function logIn(client: Client): Promise<Send> {
  const body = await credentialsOf(client);
  return () => client.post("auth/login", body);
}

async function refresh(client: Client): Promise<Send> {
  const { json } = await client.post("auth/login", await credentialsOf(client));
  return () => client.post("auth/refresh", { refresh_token: json.refresh_token });
}

async function changePassword(client: Client): Promise<Send> {
  const body = { password: "staple the battery", current_password: PASSWORD };
  return () => client.patch("users/me", body, ANY);
}

async function deleteAccount(client: Client): Promise<Send> {
  return () => client.post("users/me/deletion", { current_password: PASSWORD });
}

async function createOnce(client: Client): Promise<Send> {
  return () => client.post("tasks", { title: "a" }, { "Idempotency-Key": "once" });
}

async function changeTask(client: Client): Promise<Send> {
  const { id } = await client.makeTask();
  return () => client.patch(`tasks/${id}`, { title: "b" }, ANY);
}

async function deleteTask(client: Client): Promise<Send> {
  const { id } = await client.makeTask();
  return () => client.delete(`tasks/${id}`);
}

async function createEntry(client: Client): Promise<Send> {
  const { id } = await client.makeTask();
  return () => client.post("time-entries", { task_id: id, start_time: "2026-02-02T09:00:00Z" });
}

async function entryPath(client: Client): Promise<string> {
  const task = await client.makeTask();
  const { id } = await client.makeEntry(task, "2026-02-02T09:00:00Z", "2026-02-02T10:00:00Z");
  return `time-entries/${id}`;
}

async function changeEntry(client: Client): Promise<Send> {
  const path = await entryPath(client);
  return () => client.patch(path, { note: "b" }, ANY);
}

async function deleteEntry(client: Client): Promise<Send> {
  const path = await entryPath(client);
  return () => client.delete(path);
}

async function takeOver(client: Client): Promise<Send> {
  await client.post("timer/start", { task_id: (await client.makeTask()).id });
  const { id } = await client.makeTask();
  return () => client.post("timer/start?on_conflict=stop_previous", { task_id: id });
}

async function stop(client: Client): Promise<Send> {
  await client.post("timer/start", { task_id: (await client.makeTask()).id });
  return () => client.post("timer/stop");
}

// The number of writes of each operation, and what comes before it. One that inserts or updates
// counts as two.
const OPERATIONS: Record<string, [writes: number, prepare: (client: Client) => Promise<Send>]> = {
  registerUser: [1, register],
  logIn: [2, logIn],
  refreshTokens: [2, refresh],
  logOut: [1, logOut],
  updateCurrentUser: [2, changePassword],
  deleteCurrentUser: [3, deleteAccount],
  createTask: [4, createOnce],
  updateTask: [1, changeTask],
  deleteTask: [1, deleteTask],
  createTimeEntry: [1, createEntry],
  updateTimeEntry: [1, changeEntry],
  deleteTimeEntry: [1, deleteEntry],
  startTimer: [2, takeOver],
  stopTimer: [1, stop],
};

const test = base.extend<{ own: { origin: string; databaseUrl: string } }>({
  /** An application with a database in which writes can be made to fail. */
  own: [
    async ({ settings, contract, log: _ }, use) =>
      copied(process.env.TEST_TEMPLATE_URL ?? "", async (databaseUrl) => {
        await queried(databaseUrl, async (client) => {
          for (const statement of GIVING_WAY) await client.query(statement);
          return { rows: [] };
        });
        const own = { ...settings, databaseUrl };
        const application = await createApp(own, contract, new Metrics(contract));
        await listening(application, (origin) => use({ origin, databaseUrl }));
      }),
    { scope: "file" },
  ],
});

test.for(Object.entries(OPERATIONS))(
  "operation is attempted again after a deadlock: %s",
  async ([, [writes, prepare]], { own: { origin, databaseUrl } }) => {
    for (let number = 1; number <= writes; number++) {
      const send = await prepare(await registered(origin));
      await queried(databaseUrl, (client) =>
        client.query("SELECT setval('writes', $1)", [VICTIM - number]),
      );
      expect([200, 201, 204], `write ${number}`).toContain((await send()).status);
      const [row] = await queried<{ last: number }>(databaseUrl, (client) =>
        client.query("SELECT last_value::int AS last FROM writes"),
      );
      expect(row?.last).toBeGreaterThanOrEqual(VICTIM + writes);
    }
  },
);
