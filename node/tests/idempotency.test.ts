/** Idempotency keys: kept for as long as the contract says, from their first use. */

import { expect } from "vitest";
import type { Client } from "./clients.js";
import { test as base } from "./fixtures.js";
import { queried } from "./reads.js";

const AGED = `
  UPDATE idempotency_records SET created_at = created_at - make_interval(secs => $1)
  WHERE user_id = $2 RETURNING key`;

const test = base.extend<{ age: (seconds: number) => Promise<void> }>({
  /** Makes the keys of the client older by so many seconds. */
  age: async ({ client, settings }, use) => {
    const { id } = (await client.get("users/me")).json;
    await use(async (seconds) => {
      const aged = await queried(settings.databaseUrl, (own) => own.query(AGED, [seconds, id]));
      expect(aged).toHaveLength(1);
    });
  },
});

/** Creates a task with a key; returns the status, and the code or whether it was replayed. */
async function created(client: Client, title: string): Promise<[number, string | null]> {
  const { status, headers, json } = await client.post(
    "tasks",
    { title },
    { "Idempotency-Key": "k" },
  );
  return [status, json.code ?? headers.get("Idempotency-Replayed")];
}

test("key can be used again after its time", async ({ client, contract, age }) => {
  const seconds = contract.get("x-limits").idempotency_hours * 60 * 60;
  expect(await created(client, "a")).toEqual([201, null]);
  await age(seconds - 60);
  expect(await created(client, "a")).toEqual([201, "true"]);
  expect(await created(client, "b")).toEqual([409, "idempotency_key_reused"]);
  await age(60);
  expect(await created(client, "b")).toEqual([201, null]);
  // From now on the key belongs to that request, for as long as before.
  await age(seconds - 60);
  expect(await created(client, "b")).toEqual([201, "true"]);
  expect(await created(client, "a")).toEqual([409, "idempotency_key_reused"]);
  const { data } = (await client.get("tasks?sort=title")).json;
  expect(data.map((task: { title: string }) => task.title)).toEqual(["a", "b"]);
});
