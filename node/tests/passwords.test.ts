/** Password hashes: upgraded when costs rise, and not trusted once replaced. */

import { expect, vi } from "vitest";
import type { Resources } from "../src/resources.js";
import * as passwordService from "../src/services/password-service.js";
import { Client, freshEmail, PASSWORD, registered } from "./clients.js";
import { test as base } from "./fixtures.js";

vi.mock("../src/services/password-service.js", { spy: true });

// The hash of PASSWORD by the other twin, with lower costs.
const CHEAP =
  "$argon2id$v=19$m=8,t=1,p=1$REvjY+z8o6+M1aESDsU17w$clDPFS1M3f8hYnnAVIsQDvP8Q1hysc6smQSY0MA8VU4";
const AGAIN =
  "$argon2id$v=19$m=8,t=1,p=1$GCGDB653LKZvotk6s5dsqA$ECxqD3oQ/4Xl8U1kboc986tbkOjmNeRExKXyk5R4iHk";
// Hashes of PASSWORD with less memory, a shorter salt and a shorter digest than the contract's.
const OUTDATED = [
  "$argon2id$v=19$m=19455,t=2,p=1$KCkqKywtLi8wMTIzNDU2Nw$Um4HbYxTUsWQlRGU4ugYhhPOCgVmU/g7sFJylF61tNo",
  "$argon2id$v=19$m=19456,t=2,p=1$KCkqKywtLi8$dwWWTy8mf4Bm1tiGj9TG2k4q8cI7WblHZVfxKkmVpEk",
  "$argon2id$v=19$m=19456,t=2,p=1$KCkqKywtLi8wMTIzNDU2Nw$9NTur98kUxiRduIEG/qWvQ",
];
// The hash of another password.
const OTHER =
  "$argon2id$v=19$m=8,t=1,p=1$GCGDB653LKZvotk6s5dsqA$AAAAD3oQ/4Xl8U1kboc986tbkOjmNeRExKXyk5R4iHk";

/** A user of the API, and the row of that user. */
class Account {
  private user = { id: "", email: "" };
  private client: Client;

  constructor(
    private readonly origin: string,
    private readonly resources: Resources,
  ) {
    this.client = new Client(origin);
  }

  async register(): Promise<this> {
    this.client = await registered(this.origin);
    this.user = (await this.client.get("users/me")).json;
    return this;
  }

  async passwordHash(): Promise<string> {
    const [row] = await this.resources.database.client.$queryRaw<{ password_hash: string }[]>`
      SELECT password_hash FROM users WHERE id = ${this.user.id}::uuid FOR UPDATE NOWAIT`;
    return row?.password_hash ?? "";
  }

  /** Replaces the hash without waiting for a lock on the row. */
  async store(passwordHash: string): Promise<void> {
    await this.passwordHash();
    const where = { id: this.user.id };
    await this.resources.database.client.user.update({ where, data: { passwordHash } });
  }

  async logIn(): Promise<number> {
    const body = { email: this.user.email, password: PASSWORD };
    return (await new Client(this.origin).post("auth/login", body)).status;
  }

  async change(): Promise<number> {
    const body = { password: "staple the battery", current_password: PASSWORD };
    return (await this.client.patch("users/me", body, { "If-Match": "*" })).status;
  }

  async delete(): Promise<number> {
    const body = { current_password: PASSWORD };
    return (await this.client.post("users/me/deletion", body)).status;
  }

  /** Replaces the hash right after the next password verification. */
  async meanwhile(passwordHash: string): Promise<void> {
    const path = "../src/services/password-service.js";
    const { verifyPassword } = await vi.importActual<typeof passwordService>(path);
    vi.mocked(passwordService.verifyPassword).mockImplementationOnce(async (...given) => {
      const matches = await verifyPassword(...given);
      await this.store(passwordHash);
      return matches;
    });
  }
}

const test = base.extend<{ account: Account }>({
  account: async ({ origin, resources }, use) =>
    use(await new Account(origin, resources).register()),
});

test("hash with lower costs is upgraded", async ({ account }) => {
  const parameters = (hash: string) => hash.split("$").slice(0, 4);
  const current = await account.passwordHash();
  await account.store(CHEAP);
  expect(await account.logIn()).toBe(200);
  const renewed = await account.passwordHash();
  expect(parameters(renewed)).toEqual(parameters(current));
  expect(await account.logIn()).toBe(200);
  expect(await account.passwordHash()).toBe(renewed);
});

test.for(OUTDATED)("hash with other parameters is upgraded: %s", async (outdated, { account }) => {
  const lengths = (hash: string) => hash.split("$").map(({ length }) => length);
  const current = await account.passwordHash();
  await account.store(outdated);
  expect(await account.logIn()).toBe(200);
  const renewed = await account.passwordHash();
  expect(lengths(renewed)).toEqual(lengths(current));
  expect(renewed.split("$").slice(0, 4)).toEqual(current.split("$").slice(0, 4));
});

test("hash is kept after a wrong password", async ({ account }) => {
  await account.store(OTHER);
  expect(await account.logIn()).toBe(401);
  expect(await account.passwordHash()).toBe(OTHER);
});

test("log-in without an account verifies a password too", async ({ origin, resources }) => {
  const run = vi.spyOn(resources.hashing.queue, "run");
  const body = { email: freshEmail(), password: PASSWORD };
  expect((await new Client(origin).post("auth/login", body)).status).toBe(401);
  // The response came after that, as it does with an account.
  expect(run).toHaveResolvedTimes(1);
  run.mockRestore();
});

test("log-in during a password change is rejected", async ({ account }) => {
  await account.meanwhile(OTHER);
  expect(await account.logIn()).toBe(401);
});

test("log-in during a hash upgrade succeeds", async ({ account }) => {
  await account.meanwhile(CHEAP);
  expect(await account.logIn()).toBe(200);
});

test("log-in during two hash upgrades succeeds", async ({ account }) => {
  await account.meanwhile(CHEAP);
  await account.meanwhile(AGAIN);
  expect(await account.logIn()).toBe(200);
});

test("log-in during three hash upgrades is rejected", async ({ account }) => {
  await account.meanwhile(CHEAP);
  await account.meanwhile(AGAIN);
  await account.meanwhile(CHEAP);
  expect(await account.logIn()).toBe(401);
  expect(await account.logIn()).toBe(200);
});

test("password change during another change is rejected", async ({ account }) => {
  await account.meanwhile(OTHER);
  expect(await account.change()).toBe(422);
  expect(await account.passwordHash()).toBe(OTHER);
});

test("password change during a hash upgrade succeeds", async ({ account }) => {
  await account.meanwhile(CHEAP);
  expect(await account.change()).toBe(200);
});

test("deletion during a password change is rejected", async ({ account }) => {
  await account.meanwhile(OTHER);
  expect(await account.delete()).toBe(422);
  expect(await account.passwordHash()).toBe(OTHER);
});

test("deletion during a hash upgrade succeeds", async ({ account }) => {
  await account.meanwhile(CHEAP);
  expect(await account.delete()).toBe(204);
  expect(await account.logIn()).toBe(401);
});
