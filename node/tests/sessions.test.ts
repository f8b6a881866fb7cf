/** Sessions: their end, and the rotation of refresh tokens. */

import { decodeJwt } from "jose";
import { expect } from "vitest";
import { Metrics } from "../src/api/middleware/metrics.js";
import { createApp } from "../src/app.js";
import { type Client, PASSWORD, registered } from "./clients.js";
import { test as base, listening } from "./fixtures.js";
import { queried } from "./reads.js";
import { codeOf, waitUntil } from "./servers.js";

const AGED = `
  UPDATE sessions SET created_at = created_at - make_interval(secs => $1)
  WHERE id = $2`;
const USED_BEFORE = `
  UPDATE refresh_tokens SET used_at = used_at - make_interval(secs => $1)
  WHERE session_id = $2`;
const EXPIRED = `
  UPDATE refresh_tokens SET expires_at = now() - make_interval(secs => $1)
  WHERE session_id = $2`;
const LOCKED = "SELECT FROM refresh_tokens WHERE session_id = $1 FOR UPDATE";
// Of several that wait for a row, the first blocks the others.
const WAITING = `
  SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`;
const UNUSED = `
  SELECT count(*)::int FROM refresh_tokens WHERE session_id = $1 AND used_at IS NULL`;

type StatusAndCode = [number, string | undefined];

interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

/** A session of a user, its newest tokens, and its rows. */
class Session {
  constructor(
    readonly client: Client,
    private readonly databaseUrl: string,
    public tokens: Tokens,
  ) {}

  get id(): string {
    return String(decodeJwt(this.tokens.access_token).sid);
  }

  /** The lifetime of the access token by its claims, in seconds. */
  get lifetime(): number {
    const { exp, iat } = decodeJwt(this.tokens.access_token);
    return Number(exp) - Number(iat);
  }

  /** The number of usable refresh tokens. */
  async unused(): Promise<number | undefined> {
    const [row] = await queried<{ count: number }>(this.databaseUrl, (client) =>
      client.query(UNUSED, [this.id]),
    );
    return row?.count;
  }

  /** Runs one of the statements above. */
  async age(statement: string, seconds: number): Promise<void> {
    await queried(this.databaseUrl, (client) => client.query(statement, [seconds, this.id]));
  }

  /** Uses a refresh token, by default the newest one. */
  async refresh(refresh_token = this.tokens.refresh_token): Promise<StatusAndCode> {
    const answer = await this.client.post("auth/refresh", { refresh_token });
    if (answer.status === 200) this.tokens = answer.json;
    return codeOf(answer);
  }

  async read(): Promise<StatusAndCode> {
    const sent = { Authorization: `Bearer ${this.tokens.access_token}` };
    return codeOf(await this.client.get("users/me", sent));
  }
}

async function opened(origin: string, databaseUrl: string): Promise<Session> {
  const client = await registered(origin);
  const { email } = (await client.get("users/me")).json;
  const { json } = await client.post("auth/login", { email, password: PASSWORD });
  return new Session(client, databaseUrl, json);
}

const test = base.extend<{ session: Session }>({
  session: async ({ origin, settings }, use) => use(await opened(origin, settings.databaseUrl)),
});

test("tokens expire with their session", async ({ session, settings }) => {
  await session.age(AGED, settings.sessionSeconds - 100);
  expect(await session.refresh()).toEqual([200, undefined]);
  expect(session.tokens.expires_in).toBeGreaterThan(0);
  expect(session.tokens.expires_in).toBeLessThanOrEqual(100);
  expect(session.lifetime).toBe(session.tokens.expires_in);
  expect(await session.read()).toEqual([200, undefined]);
});

test("session expires despite refreshes", async ({ session, settings }) => {
  expect(await session.refresh()).toEqual([200, undefined]);
  await session.age(AGED, settings.sessionSeconds);
  expect(await session.read()).toEqual([401, "invalid_token"]);
  expect(await session.refresh()).toEqual([401, "invalid_refresh_token"]);
  expect((await session.client.get("users/me")).status).toBe(200);
});

test("expired refresh token is rejected", async ({ session }) => {
  await session.age(EXPIRED, 0);
  expect(await session.refresh()).toEqual([401, "invalid_refresh_token"]);
  expect(await session.read()).toEqual([200, undefined]);
});

test("session has one refresh token after simultaneous refreshes", async ({
  session,
  settings,
}) => {
  const { refresh_token } = session.tokens;
  const statuses = await queried(settings.databaseUrl, async (holder) => {
    await holder.query("BEGIN");
    await holder.query(LOCKED, [session.id]);
    const send = () => session.client.post("auth/refresh", { refresh_token });
    const sent = Promise.all([send(), send()]);
    await queried(settings.databaseUrl, async (watcher) => {
      await waitUntil(async () => Number((await watcher.query(WAITING)).rowCount) >= 2);
      return { rows: [] };
    });
    await holder.query("ROLLBACK");
    return { rows: (await sent).map(({ status }) => status) };
  });
  expect(statuses).toEqual([200, 200]);
  expect(await session.unused()).toBe(1);
});

test("session has one refresh token after a retry", async ({ session }) => {
  const first = session.tokens.refresh_token;
  for (let retry = 0; retry < 3; retry++) {
    expect(await session.refresh(first)).toEqual([200, undefined]);
    expect(await session.unused()).toBe(1);
  }
  expect(await session.refresh()).toEqual([200, undefined]);
  expect(await session.unused()).toBe(1);
});

test("grace period starts at the first use", async ({ session, settings }) => {
  const first = session.tokens.refresh_token;
  expect(await session.refresh(first)).toEqual([200, undefined]);
  await session.age(USED_BEFORE, settings.refreshGraceSeconds - 5);
  expect(await session.refresh(first)).toEqual([200, undefined]);
  await session.age(USED_BEFORE, 5);
  expect(await session.refresh(first)).toEqual([401, "refresh_token_reused"]);
  expect(await session.read()).toEqual([401, "invalid_token"]);
});

test("revoked token ends the session", async ({ session }) => {
  const first = session.tokens.refresh_token;
  await session.refresh(first);
  const lost = session.tokens.refresh_token;
  await session.refresh(first);
  expect(await session.refresh(lost)).toEqual([401, "refresh_token_reused"]);
  expect(await session.refresh()).toEqual([401, "invalid_refresh_token"]);
});

test("token whose successor was used counts as reused", async ({ session }) => {
  const first = session.tokens.refresh_token;
  await session.refresh(first);
  await session.refresh();
  expect(await session.refresh(first)).toEqual([401, "refresh_token_reused"]);
  expect(await session.read()).toEqual([401, "invalid_token"]);
});

test("no retry without a grace period", async ({ settings, contract }) => {
  const strict = { ...settings, refreshGraceSeconds: 0 };
  await listening(await createApp(strict, contract, new Metrics(contract)), async (origin) => {
    const session = await opened(origin, settings.databaseUrl);
    const first = session.tokens.refresh_token;
    expect(await session.refresh(first)).toEqual([200, undefined]);
    expect(await session.refresh(first)).toEqual([401, "refresh_token_reused"]);
  });
});
