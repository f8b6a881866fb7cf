/** The log: one JSON object a line, and nothing in it that is nobody's business. */

import { expect, vi } from "vitest";
import * as taskService from "../src/services/task-service.js";
import { freshEmail, PASSWORD } from "./clients.js";
import { test } from "./fixtures.js";

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

test("a request is one line", async ({ client, log }) => {
  await client.get("tasks?q=secret", { "X-Request-ID": "the-id" });
  const line = await log.lineOf("the-id");
  expect(Object.keys(line)).toEqual(ACCESS_LINE);
  expect(line).toMatchObject({ path: "/api/v1/tasks", operation: "listTasks", status: 200 });
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

test("a failure is logged without what it says", async ({ client, log }) => {
  const failure = new RangeError("what the driver says");
  vi.mocked(taskService.getTask).mockRejectedValueOnce(failure);
  await client.get("tasks/01936d5e-8a00-7000-8000-000000000001");
  const line = log.lines.find(({ event }) => event === "unhandled_error");
  expect(line).toMatchObject({ level: "error", exception: "RangeError" });
  expect(line?.stack[0]).toContain("logger.test.ts");
  expect(JSON.stringify(log.lines)).not.toContain("what the driver says");
});
