/** The commands: their output, exit status and effect on the database. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { Metrics } from "../src/api/middleware/metrics.js";
import { createApp } from "../src/app.js";
import { Client, freshEmail, PASSWORD } from "./clients.js";
import { test as base, listening } from "./fixtures.js";
import { queried } from "./reads.js";

interface Result {
  status: number;
  stdout: string;
  stderr: string;
}

type Run = (words: string[], environment?: Record<string, string>) => Promise<Result>;

const MANAGE = fileURLToPath(new URL("../dist/manage.js", import.meta.url));
const NOWHERE = "postgresql://postgres@127.0.0.1:1/nowhere";
const SECRET_KEY = "kO3vT9-bXw7mQz1_Lr5yHd8sNf2cGj6a";
const SAMPLE = "users: 3\ntasks: 9\ntime_entries: 39\n";

const test = base.extend<{ run: Run }>({
  /** Runs a command with additional settings. */
  run: async ({ settings }, use) => {
    const own = { DATABASE_URL: settings.databaseUrl, APP_ENV: "test" };
    await use(async (words, environment = {}) => {
      const env = { ...process.env, ...own, ...environment };
      const child = spawn(process.execPath, [MANAGE, ...words], {
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const ended = once(child, "close");
      const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
      const [status] = await ended;
      return { status, stdout, stderr };
    });
  },
});

function createAdmin(run: Run, email: string, password = PASSWORD): Promise<Result> {
  return run(["create-admin", "--email", email, "--password", password]);
}

test("created admin can log in", async ({ run, origin }) => {
  const email = freshEmail();
  expect(await createAdmin(run, email)).toEqual({ status: 0, stdout: "", stderr: "" });
  const client = new Client(origin);
  const answer = await client.post("auth/login", { email, password: PASSWORD });
  client.token = answer.json.access_token;
  expect((await client.get("users/me")).json.role).toBe("admin");
});

test("email address can be registered only once", async ({ run }) => {
  const email = freshEmail();
  await createAdmin(run, email);
  const refused = await createAdmin(run, email.toUpperCase());
  expect(refused.status).toBe(1);
  expect(refused.stderr).toBe(`${email.toUpperCase()} is already registered\n`);
});

test("email and password are validated", async ({ run }) => {
  const refused = await createAdmin(run, "root", "x");
  expect(refused.status).toBe(2);
  expect(refused.stderr).toBe(
    "email: violates minLength\nemail: violates pattern\npassword: violates minLength\n",
  );
});

test("password may come from the environment", async ({ run }) => {
  const email = freshEmail();
  const created = await run(["create-admin", "--email", email], { ADMIN_PASSWORD: PASSWORD });
  expect(created.status).toBe(0);
  expect((await createAdmin(run, email)).status).toBe(1);
});

test("sample data are inserted once", async ({ run, grown, contract }) => {
  const own = { DATABASE_URL: grown.databaseUrl };
  expect((await run(["seed"], own)).stdout).toBe(SAMPLE);
  expect((await run(["seed"], own)).stdout).toBe("users: 0\ntasks: 0\ntime_entries: 0\n");
  const app = await createApp(grown, contract, new Metrics(contract));
  await listening(app, async (origin) => {
    const body = { email: "ada@example.com", password: PASSWORD };
    expect((await new Client(origin).post("auth/login", body)).status).toBe(200);
  });
});

test("seed is rejected in production", async ({ run, grown }) => {
  const refused = await run(["seed"], {
    APP_ENV: "production",
    SECRET_KEY,
    DATABASE_URL: grown.databaseUrl,
  });
  const stderr = "seed is refused in production: the passwords are public\n";
  expect(refused).toEqual({ status: 1, stdout: "", stderr });
  const rows = await queried(grown.databaseUrl, (client) =>
    client.query("SELECT count(*)::int FROM users"),
  );
  expect(rows).toEqual([{ count: 5000 }]);
});

test("prune prints the number of deleted rows", async ({ run, grown }) => {
  const pruned = await run(["prune"], { DATABASE_URL: grown.databaseUrl });
  const stdout =
    "refresh_tokens: 7000\nsessions: 5000\nidempotency_records: 2500\nrate_limits: 2500\n";
  expect(pruned).toEqual({ status: 0, stdout, stderr: "" });
});

test("invalid settings are listed", async ({ run }) => {
  const refused = await run(["prune"], { DATABASE_URL: "", PORT: "0" });
  expect(refused.status).toBe(2);
  const names = refused.stderr
    .trim()
    .split("\n")
    .map((line) => line.split(":")[0]);
  expect(names).toEqual(["PORT", "DATABASE_URL"]);
});

test("unreachable database is reported in one line", async ({ run }) => {
  const refused = await run(["prune"], { DATABASE_URL: NOWHERE });
  expect(refused).toEqual({ status: 1, stdout: "", stderr: "the database is unavailable\n" });
});

test.for([["prune", "--hard"], ["vacuum"], ["create-admin"]])(
  "usage error exits with 2: %s",
  async (words, { run }) => {
    expect((await run(words)).status).toBe(2);
  },
);
