/** The log: one JSON object per line, without secrets. */

import { expect, vi } from "vitest";
import { Metrics } from "../src/api/middleware/metrics.js";
import { createApp } from "../src/app.js";
import { clientOf } from "../src/services/rate-limit-service.js";
import * as taskService from "../src/services/task-service.js";
import { configureLogging, LOG_LEVELS, logger } from "../src/utils/logger.js";
import { Client, freshEmail, PASSWORD } from "./clients.js";
import { listening, test } from "./fixtures.js";
import { Log } from "./log.js";

vi.mock("../src/services/task-service.js", { spy: true });

const ACCESS_LINE = [
  "level",
  "time",
  "event",
  "request_id",
  "method",
  "path",
  "operation",
  "status",
  "duration_ms",
  "user_id",
  "statements",
];

test("request is logged in one line", async ({ client, log }) => {
  await client.get("tasks?q=secret", { "X-Request-ID": "the-id" });
  const line = await log.lineOf("the-id");
  expect(Object.keys(line)).toEqual(ACCESS_LINE);
  expect(line).toMatchObject({ path: "/api/v1/tasks", operation: "listTasks", status: 200 });
  expect(line.duration_ms).toBeGreaterThan(0);
  expect(line.duration_ms).toBeLessThan(60_000);
  expect(log.lines.filter(({ request_id }) => request_id === "the-id")).toHaveLength(1);
});

test("no secret is logged", async ({ client, log }) => {
  const credentials = { email: freshEmail(), password: PASSWORD };
  await client.post("auth/register", credentials);
  await client.post("auth/register", credentials);
  const tokens = (await client.post("auth/login", credentials)).json;
  const { refresh_token } = tokens;
  const { headers } = await client.post("auth/logout", { refresh_token });
  await log.lineOf(headers.get("X-Request-ID"));
  const text = JSON.stringify(log.lines);
  const secrets = [credentials.email, PASSWORD, client.token, tokens.access_token, refresh_token];
  for (const secret of secrets) expect(text).not.toContain(secret);
});

test("security events are logged", async ({ client, settings, contract, log }) => {
  const { id, email } = (await client.get("users/me")).json;
  log.lines = [];
  const logIn = async (password: string, address = email) =>
    (await client.post("auth/login", { email: address, password })).json;
  await logIn("not my password");
  await logIn(PASSWORD, freshEmail());
  const { refresh_token } = await logIn(PASSWORD);
  await client.post("auth/refresh", { refresh_token });
  const retried = (await client.post("auth/refresh", { refresh_token })).json;
  await client.post("auth/refresh", { refresh_token: retried.refresh_token });
  await client.post("auth/refresh", { refresh_token });
  const any = { "If-Match": "*" };
  await client.patch("users/me", { current_password: "not my password" }, any);
  const password = "staple the battery";
  await client.patch("users/me", { current_password: PASSWORD, password }, any);
  await logIn(password);
  const token = { refresh_token: (await logIn(password)).refresh_token };
  await client.post("auth/logout", token);
  await client.post("auth/logout", token);
  await client.post("users/me/deletion", { current_password: "not my password" });
  await client.post("users/me/deletion", { current_password: password });
  const low = { ...settings, credentialLimitPerMinute: 1 };
  let stranger = "";
  await listening(await createApp(low, contract, new Metrics(contract)), async (other) => {
    const guessing = new Client(other);
    stranger = guessing.address;
    await guessing.post("auth/refresh", { refresh_token: "x" });
    const { headers } = await guessing.post("auth/refresh", { refresh_token: "x" });
    await log.lineOf(headers.get("X-Request-ID"));
  });
  const known: Record<string, string> = contract.get("x-security-events");
  const events = log.lines.filter(({ event }) => event in known);
  expect(events.map(({ event, user_id, code }) => [event, user_id, code])).toEqual([
    ["log_in_refused", id, "invalid_credentials"],
    ["log_in_refused", null, "invalid_credentials"],
    ["log_in_succeeded", id, null],
    ["refresh_token_retried", id, null],
    ["refresh_token_reused", id, "refresh_token_reused"],
    ["password_refused", id, "wrong_password"],
    ["password_changed", id, null],
    ["log_in_succeeded", id, null],
    ["log_in_succeeded", id, null],
    ["session_ended", id, null],
    ["password_refused", id, "wrong_password"],
    ["user_deleted", id, null],
    ["attempts_throttled", null, "rate_limited"],
  ]);
  expect(new Set(events.map(({ event }) => event))).toEqual(new Set(Object.keys(known)));
  expect(events.every(({ event, level }) => level === known[event])).toBe(true);
  const clients = events.map(({ client: from }) => from);
  expect(clients).toEqual([...Array(12).fill(clientOf(client.address)), clientOf(stranger)]);
});

test("exception is logged without its message", async ({ client, log }) => {
  const failure = new RangeError("what the driver says");
  vi.mocked(taskService.getTask).mockRejectedValueOnce(failure);
  await client.get("tasks/01936d5e-8a00-7000-8000-000000000001");
  const line = log.lines.find(({ event }) => event === "unhandled_error");
  expect(line).toMatchObject({ level: "error", exception: "RangeError" });
  expect(line?.stack[0]).toContain("logger.test.ts");
  expect(`at ${line?.stack[0]}`).toBe(failure.stack?.split("\n")[1]?.trim());
  expect(JSON.stringify(log.lines)).not.toContain("what the driver says");
});

test.for(LOG_LEVELS)("lower levels are not logged: %s", (level, { log }) => {
  const other = new Log();
  configureLogging(level, other);
  for (const each of LOG_LEVELS) logger()[each]("what happened");
  configureLogging("info", log);
  const expected = LOG_LEVELS.slice(LOG_LEVELS.indexOf(level));
  expect(other.lines.map((line) => [line.level, line.event])).toEqual(
    expected.map((each) => [each, "what happened"]),
  );
});

test("line outside of a request has no ID", async ({ client, log }) => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  await client.get("/health", { "X-Request-ID": "inside", traceparent });
  const inside = await log.lineOf("inside");
  logger().info("outside");
  const outside = log.lines.at(-1);
  expect(inside.span_id).toBe(traceparent.slice(36, 52));
  expect(outside).toMatchObject({ event: "outside", request_id: null });
  expect(outside).not.toHaveProperty("trace_id");
});
