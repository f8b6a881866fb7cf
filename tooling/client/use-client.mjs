// What a program does with the generated client. Usage: BASE_URL=http://… node use-client.mjs
import assert from "node:assert/strict";
import { connect } from "task-timer-client";

const baseUrl = process.env.BASE_URL;
assert(baseUrl, "Set BASE_URL to the address of a server.");
const body = { email: `${crypto.randomUUID()}@example.com`, password: "correct horse battery" };

const visitor = connect({ baseUrl });
await visitor.POST("/api/v1/auth/register", { body });
const { data: tokens } = await visitor.POST("/api/v1/auth/login", { body });
assert(tokens);

const api = connect({ baseUrl, token: tokens.access_token });
const made = await api.POST("/api/v1/tasks", {
  body: { title: "Write the report", tags: ["writing"] },
});
assert(made.data);
console.log(`made: ${made.data.title}, ${made.data.status}`);

const { data: page } = await api.GET("/api/v1/tasks", {
  params: { query: { status: "pending", tag: "writing" } },
});
console.log(`listed: ${page?.data.map((task) => task.title)}`);

const path = { task_id: made.data.id };
const etag = made.response.headers.get("ETag") ?? "";
const change = {
  params: { path, header: { "If-Match": etag } },
  body: { status: /** @type {const} */ ("completed") },
};
const { data: changed } = await api.PATCH("/api/v1/tasks/{task_id}", change);
console.log(`changed: ${changed?.status}`);
const { error: stale } = await api.PATCH("/api/v1/tasks/{task_id}", change);
console.log(`changed again: ${stale?.status} ${stale?.code}`);

await api.DELETE("/api/v1/tasks/{task_id}", { params: { path } });
const { error: gone } = await api.GET("/api/v1/tasks/{task_id}", { params: { path } });
console.log(`read: ${gone?.status} ${gone?.code}`);

/** What the compiler refuses; never run. Each line would break the build if it were let through. */
export async function refused() {
  // @ts-expect-error The contract has no such path.
  await api.GET("/api/v1/task");
  // @ts-expect-error A title is text.
  await api.POST("/api/v1/tasks", { body: { title: 5 } });
  // @ts-expect-error There is no such status.
  await api.GET("/api/v1/tasks", { params: { query: { status: "done" } } });
  // @ts-expect-error A change names the version that it changes.
  await api.PATCH("/api/v1/tasks/{task_id}", { params: { path }, body: { title: "Read it" } });
}
