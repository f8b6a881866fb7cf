/** Prune deletes expired rows in batches, without waiting for locks. */

import { expect } from "vitest";
import { using } from "../src/current.js";
import { makeResources, type Resources } from "../src/resources.js";
import { deleteExpired } from "../src/services/prune-service.js";
import { test as base } from "./fixtures.js";
import { queried, reads } from "./reads.js";

const HOURS = 24;
// According to contract-tests/growth.sql.
const EXPIRED = {
  refresh_tokens: 7000,
  sessions: 5000,
  idempotency_records: 2500,
  rate_limits: 2500,
};
const TABLES = Object.keys(EXPIRED);
const NOTHING = Object.fromEntries(TABLES.map((table) => [table, 0]));
const LEFT = `
  SELECT (SELECT count(*) FROM refresh_tokens WHERE expires_at < now() - interval '1 day'),
    (SELECT count(*) FROM refresh_tokens),
    (SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL),
    (SELECT count(*) FROM sessions JOIN refresh_tokens ON session_id = sessions.id),
    (SELECT count(*) FROM idempotency_records WHERE created_at > now() - interval '1 day'),
    (SELECT count(*) FROM rate_limits WHERE window_ends_at > now())`;
const FAILING = `
  CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'by a test'; END $$;
  CREATE TRIGGER fails BEFORE DELETE ON sessions
    FOR EACH ROW WHEN ((OLD.revoked_at IS NOT NULL) = {revoked}) EXECUTE FUNCTION fail()`;
const WITHOUT_TOKENS = `
  SELECT FROM sessions
  WHERE NOT EXISTS (SELECT FROM refresh_tokens WHERE session_id = sessions.id)`;

const test = base.extend<{ own: Resources }>({
  own: async ({ grown, contract }, use) => {
    const resources = await makeResources(grown, contract);
    await use(resources);
    await resources.database.disconnect();
  },
});

function prune(resources: Resources): Promise<Record<string, number>> {
  return using(resources, () => deleteExpired(HOURS));
}

test("only expired rows are deleted", async ({ own }) => {
  expect(await prune(own)).toEqual(EXPIRED);
  expect(await prune(own)).toEqual(NOTHING);
  const [left] = await queried(own.settings.databaseUrl, (client) =>
    client.query({ text: LEFT, rowMode: "array" }),
  );
  expect(left).toEqual(["0", "5000", "0", "5000", "2500", "2500"]);
});

test("locked rows are skipped", async ({ own }) => {
  await queried(own.settings.databaseUrl, async (client) => {
    await client.query("BEGIN");
    await client.query("SELECT FROM rate_limits WHERE key = 'logIn 2' FOR UPDATE");
    expect(await prune(own)).toEqual({ ...EXPIRED, rate_limits: 2499 });
    return client.query("COMMIT");
  });
  expect(await prune(own)).toEqual({ ...NOTHING, rate_limits: 1 });
});

test("concurrent runs delete each row once", async ({ own }) => {
  const [one, other] = await Promise.all([prune(own), prune(own)]);
  const sums = TABLES.map((table) => [table, (one[table] ?? 0) + (other[table] ?? 0)]);
  expect(Object.fromEntries(sums)).toEqual(EXPIRED);
  expect(await prune(own)).toEqual(NOTHING);
});

test.for(["true", "false"])(
  "tokens stay if their session cannot be deleted: %s",
  async (revoked, { own }) => {
    const { databaseUrl } = own.settings;
    await queried(databaseUrl, async (client) => {
      await client.query(FAILING.replace("{revoked}", revoked));
      return { rows: [] };
    });
    await expect(prune(own)).rejects.toThrow();
    expect(await queried(databaseUrl, (client) => client.query(WITHOUT_TOKENS))).toHaveLength(0);
  },
);

test("prune uses no sequential scan", async ({ grown, contract }) => {
  const read = await reads(grown, contract, () => deleteExpired(HOURS));
  const scans = TABLES.map((table) => [table, read[table]?.sequentialScans]);
  expect(Object.fromEntries(scans)).toEqual(NOTHING);
});
