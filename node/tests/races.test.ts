import { expect } from "vitest";
import { using } from "../src/current.js";
import { db, OvertakenError, transactional, violated } from "../src/db.js";
import { createTask } from "../src/services/task-service.js";
import { newId } from "../src/utils/identifiers.js";
import { freshEmail, PASSWORD, type Received } from "./clients.js";
import { test } from "./fixtures.js";
import { queried } from "./reads.js";
import { codeOf, waitUntil } from "./servers.js";

// The hash of another password.
const OTHER =
  "$argon2id$v=19$m=8,t=1,p=1$GCGDB653LKZvotk6s5dsqA$AAAAD3oQ/4Xl8U1kboc986tbkOjmNeRExKXyk5R4iHk";
const DEADLOCK = "DO $$ BEGIN RAISE 'by a test' USING ERRCODE = 'deadlock_detected'; END $$";
const WAITING = "SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))";
const ANY = { "If-Match": "*" };

async function race(...requests: Promise<Received>[]): Promise<number[]> {
  return (await Promise.all(requests)).map(({ status }) => status).sort();
}

test("concurrent updates with the same ETag", async ({ client }) => {
  const { headers, json } = await client.post("tasks", { title: "a" });
  const condition = { "If-Match": headers.get("ETag") ?? "" };
  const statuses = await race(
    client.patch(`tasks/${json.id}`, { title: "b" }, condition),
    client.patch(`tasks/${json.id}`, { title: "c" }, condition),
  );
  expect(statuses).toEqual([200, 412]);
});

test("concurrent starts of a timer", async ({ client }) => {
  const bodies = [await client.makeTask(), await client.makeTask()].map(({ id }) => ({
    task_id: id,
  }));
  const statuses = await race(...bodies.map((body) => client.post("timer/start", body)));
  expect(statuses).toEqual([201, 409]);
});

test("concurrent timers that stop each other", async ({ client }) => {
  const tasks = [await client.makeTask(), await client.makeTask()];
  const start = (id: string) =>
    client.post("timer/start?on_conflict=stop_previous", { task_id: id });
  for (let round = 0; round < 5; round++) {
    const statuses = await race(...tasks.map(({ id }) => start(id)));
    expect(statuses).toEqual([201, 201]);
  }
  expect((await client.get("time-entries?running=true")).json.data).toHaveLength(1);
});

test("concurrent overlapping entries", async ({ client }) => {
  const { id: task_id } = await client.makeTask();
  const body = { task_id, start_time: "2026-02-02T09:00:00Z", end_time: "2026-02-02T10:00:00Z" };
  const statuses = await race(client.post("time-entries", body), client.post("time-entries", body));
  expect(statuses).toEqual([201, 409]);
});

test("concurrent requests with one idempotency key", async ({ client }) => {
  const send = () => client.post("tasks", { title: "a" }, { "Idempotency-Key": "k" });
  expect(await race(send(), send(), send())).toEqual([201, 201, 201]);
  expect((await client.get("tasks")).json.data).toHaveLength(1);
});

test("concurrent use of one refresh token", async ({ client }) => {
  const { email } = (await client.get("users/me")).json;
  const { json } = await client.post("auth/login", { email, password: PASSWORD });
  const send = () => client.post("auth/refresh", { refresh_token: json.refresh_token });
  expect(await race(send(), send())).toEqual([200, 200]);
});

test("task of an account deleted in the meantime", async ({ origin: _, resources }) => {
  const fields = { title: "a", description: null, status: "pending", tags: [], dueAt: null };
  const constraint = using(resources, () => createTask(newId(), fields)).catch(violated);
  expect(await constraint).toBe("tasks_user_id_fkey");
});

test("update that waited has the later timestamp", async ({ client, settings }) => {
  const tasks = [await client.makeTask(), await client.makeTask()] as const;
  const change = async ({ id }: { id: string }): Promise<string> =>
    (await client.patch(`tasks/${id}`, { title: "b" }, ANY)).json.updated_at;
  const [waited, other] = await queried(settings.databaseUrl, async (holder) => {
    await holder.query("BEGIN");
    await holder.query("SELECT FROM tasks WHERE id = $1 FOR UPDATE", [tasks[0].id]);
    const { rows } = await holder.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    const waiting = change(tasks[0]);
    await queried(settings.databaseUrl, async (watcher) => {
      const blocked = () => watcher.query(WAITING, [rows[0]?.pid]);
      await waitUntil(async () => Number((await blocked()).rowCount) > 0);
      return { rows: [] };
    });
    const later = await change(tasks[1]);
    await holder.query("ROLLBACK");
    return { rows: [await waiting, later] };
  });
  expect(String(waited) > String(other)).toBe(true);
});

test("timestamps of updates increase", async ({ client, settings }) => {
  const { id: userId } = (await client.get("users/me")).json;
  const id = newId();
  await queried(settings.databaseUrl, (own) =>
    own.query(
      `INSERT INTO tasks (id, user_id, title, status, updated_at)
       VALUES ($1, $2, 'a', 'pending', '2100-01-01Z')`,
      [id, userId],
    ),
  );
  const { json } = await client.patch(`tasks/${id}`, { title: "b" }, ANY);
  expect(json.updated_at).toBe("2100-01-01T00:00:00.001Z");
});

test("overtaken transaction is attempted as often as agreed", async ({ resources, contract }) => {
  const reason = new Error("overtaken");
  let attempts = 0;
  const beOvertaken = transactional(async () => {
    attempts += 1;
    throw new OvertakenError(reason);
  });
  await expect(using(resources, () => beOvertaken())).rejects.toBe(reason);
  expect(attempts).toBe(contract.get("x-unavailable").attempts);
});

test("overtaken transaction may succeed at last", async ({ resources, contract }) => {
  const agreed = contract.get("x-unavailable").attempts;
  let attempts = 0;
  const succeedAtLast = transactional(async () => {
    attempts += 1;
    if (attempts < agreed) throw new OvertakenError(new Error("overtaken"));
    return attempts;
  });
  expect(await using(resources, () => succeedAtLast())).toBe(agreed);
});

test("transaction pauses after each deadlock", async ({ resources, contract }) => {
  const { attempts, pause_ms } = contract.get("x-unavailable");
  const begun: number[] = [];
  const beAVictim = transactional(async () => {
    begun.push(performance.now());
    await db().$executeRawUnsafe(DEADLOCK);
  });
  await expect(using(resources, () => beAVictim())).rejects.toThrow("by a test");
  expect(begun).toHaveLength(attempts);
  for (let attempt = 1; attempt < attempts; attempt++) {
    // At least half of the agreed time, multiplied by the number of the attempt.
    const pause = (begun[attempt] ?? 0) - (begun[attempt - 1] ?? 0);
    expect(pause).toBeGreaterThanOrEqual((pause_ms / 2) * attempt);
  }
});

test("transaction that fails is attempted once", async ({ resources }) => {
  let attempts = 0;
  const fail = transactional(async () => {
    attempts += 1;
    throw new Error("failed");
  });
  await expect(using(resources, () => fail())).rejects.toThrow("failed");
  expect(attempts).toBe(1);
});

/** Sends a request that has to wait for a transaction with changes, which are then kept. */
async function after(
  databaseUrl: string,
  changes: [statement: string, values: string[]][],
  request: () => Promise<Received>,
): Promise<Received> {
  const [answer] = await queried(databaseUrl, async (holder) => {
    await holder.query("BEGIN");
    for (const [statement, values] of changes) await holder.query(statement, values);
    const { rows } = await holder.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    const waiting = request();
    await queried(databaseUrl, async (watcher) => {
      const blocked = () => watcher.query(WAITING, [rows[0]?.pid]);
      await waitUntil(async () => Number((await blocked()).rowCount) > 0);
      return { rows: [] };
    });
    await holder.query("COMMIT");
    return { rows: [await waiting] };
  });
  return answer as Received;
}

test("log-in that waited for a new password is rejected", async ({ client, settings }) => {
  const { id, email } = (await client.get("users/me")).json;
  const changes: [string, string[]][] = [
    ["SELECT FROM users WHERE id = $1 FOR UPDATE", [id]],
    ["UPDATE users SET password_hash = $2 WHERE id = $1", [id, OTHER]],
  ];
  const logIn = () => client.post("auth/login", { email, password: PASSWORD });
  const answer = await after(settings.databaseUrl, changes, logIn);
  expect(codeOf(answer)).toEqual([401, "invalid_credentials"]);
});

test("log-in waits for no other", async ({ client, settings }) => {
  const { id, email } = (await client.get("users/me")).json;
  const [status] = await queried(settings.databaseUrl, async (holder) => {
    await holder.query("BEGIN");
    await holder.query("SELECT FROM users WHERE id = $1 FOR SHARE", [id]);
    return { rows: [(await client.post("auth/login", { email, password: PASSWORD })).status] };
  });
  expect(status).toBe(200);
});

test("change of a task that waited is checked again", async ({ client, settings }) => {
  const { id } = await client.makeTask();
  const { headers } = await client.get(`tasks/${id}`);
  const condition = { "If-Match": headers.get("ETag") ?? "" };
  const changes: [string, string[]][] = [["UPDATE tasks SET title = 'b' WHERE id = $1", [id]]];
  const change = () => client.patch(`tasks/${id}`, { title: "c" }, condition);
  expect((await after(settings.databaseUrl, changes, change)).status).toBe(412);
});

test("change of an entry that waited is checked again", async ({ client, settings }) => {
  const task = await client.makeTask();
  const { id } = await client.makeEntry(task, "2026-02-02T09:00:00Z", "2026-02-02T10:00:00Z");
  const { headers } = await client.get(`time-entries/${id}`);
  const condition = { "If-Match": headers.get("ETag") ?? "" };
  const changes: [string, string[]][] = [
    ["SELECT FROM tasks WHERE id = $1 FOR UPDATE", [task.id]],
    ["UPDATE time_entries SET note = 'b' WHERE id = $1", [id]],
  ];
  const change = () => client.patch(`time-entries/${id}`, { note: "c" }, condition);
  expect((await after(settings.databaseUrl, changes, change)).status).toBe(412);
});

test("change of a profile that waited is checked again", async ({ client, settings }) => {
  const { headers, json } = await client.get("users/me");
  const condition = { "If-Match": headers.get("ETag") ?? "" };
  const changes: [string, string[]][] = [
    ["UPDATE users SET email = $2 WHERE id = $1", [json.id, freshEmail()]],
  ];
  const body = { email: freshEmail(), current_password: PASSWORD };
  const change = () => client.patch("users/me", body, condition);
  expect((await after(settings.databaseUrl, changes, change)).status).toBe(412);
});

test("stop of a timer waits for changes of its task", async ({ client, settings }) => {
  const { id } = await client.makeTask();
  await client.post("timer/start", { task_id: id });
  const changes: [string, string[]][] = [["SELECT FROM tasks WHERE id = $1 FOR UPDATE", [id]]];
  const stop = () => client.post("timer/stop");
  expect((await after(settings.databaseUrl, changes, stop)).status).toBe(200);
});

test("stop of a timer that waited for another finds none", async ({ client, settings }) => {
  const { id } = await client.makeTask();
  await client.post("timer/start", { task_id: id });
  const changes: [string, string[]][] = [
    ["SELECT FROM tasks WHERE id = $1 FOR UPDATE", [id]],
    ["UPDATE time_entries SET end_time = start_time WHERE task_id = $1", [id]],
  ];
  const stop = () => client.post("timer/stop");
  const answer = await after(settings.databaseUrl, changes, stop);
  expect(codeOf(answer)).toEqual([404, "timer_not_running"]);
});
