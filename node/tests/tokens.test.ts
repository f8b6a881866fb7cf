/** Access tokens: all invalid ones are rejected alike. */

import { createHash, createHmac } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { expect, vi } from "vitest";
import { Metrics } from "../src/api/middleware/metrics.js";
import { createApp } from "../src/app.js";
import type { Settings } from "../src/config.js";
import { Contract } from "../src/contract.js";
import { using } from "../src/current.js";
import type { Resources } from "../src/resources.js";
import type { Application } from "../src/server/serve.js";
import {
  hashRefreshToken,
  makeAccessToken,
  readAccessToken,
} from "../src/services/token-service.js";
import { newId } from "../src/utils/identifiers.js";
import { Client, registered } from "./clients.js";
import { listening, test } from "./fixtures.js";
import { codeOf } from "./servers.js";

async function codeWith(client: Client, token: string): Promise<[number, string]> {
  return codeOf(await client.get("users/me", { Authorization: `Bearer ${token}` }));
}

function sign(claims: JWTPayload, secret: string, alg = "HS256"): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg, typ: "JWT" })
    .sign(new TextEncoder().encode(secret));
}

/** Signs with the right key a token that no library would sign. */
function forged(claims: JWTPayload, secret: string, header: object): string {
  const parts = [{ alg: "HS256", typ: "JWT", ...header }, claims];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const signature = createHmac("sha256", secret).update(signed.join(".")).digest("base64url");
  return [...signed, signature].join(".");
}

/** Creates another application, from a contract in which one text is replaced. */
async function changed(resources: Resources, from: string, to: string): Promise<Application> {
  const source = resources.contract.source.toString();
  expect(source).toContain(from);
  const contract = new Contract(Buffer.from(source.replace(from, to)));
  return createApp(resources.settings, contract, new Metrics(contract));
}

test("claims are in the order of the contract", ({ client }) => {
  const claims = ["iss", "aud", "sub", "sid", "jti", "iat", "exp"];
  expect(Object.keys(decodeJwt(client.token))).toEqual(claims);
});

test.for<Record<string, unknown>>([
  { exp: Math.floor(Date.now() / 1000) },
  { exp: String(2 ** 40) },
  { exp: 2 ** 40 + 0.5 },
  { iss: "other" },
  { aud: "other" },
  { aud: ["task-timer"] },
  { sub: "x" },
  { sid: undefined },
  { jti: 1 },
  { iat: undefined },
])("wrong claims are rejected: %j", async (change, { client, settings }) => {
  const token = await sign({ ...decodeJwt(client.token), ...change }, settings.secretKey);
  expect(await codeWith(client, token)).toEqual([401, "invalid_token"]);
});

test.for<Record<string, unknown>>([
  { b64: false },
  { b64: true },
  { typ: "at+jwt" },
  { typ: "jwt" },
  { typ: undefined },
  { kid: "1" },
])("other headers are rejected: %j", async (header, { client, settings }) => {
  const claims = decodeJwt(client.token);
  expect(await codeWith(client, forged(claims, settings.secretKey, header))).toEqual([
    401,
    "invalid_token",
  ]);
});

test("valid token expires", async ({ client }) => {
  const sent = { Authorization: `Bearer ${client.token}` };
  expect((await client.get("users/me", sent)).status).toBe(200);
  const clock = vi.spyOn(Date, "now").mockReturnValue(Number(decodeJwt(client.token).exp) * 1000);
  expect(await codeWith(client, client.token)).toEqual([401, "invalid_token"]);
  clock.mockRestore();
});

test("time of issue may be that of a clock ahead", async ({ client, settings }) => {
  const iat = Math.floor(Date.now() / 1000) + 60;
  const token = await sign({ ...decodeJwt(client.token), iat }, settings.secretKey);
  const sent = { Authorization: `Bearer ${token}` };
  expect((await client.get("users/me", sent)).status).toBe(200);
});

test("a thousand verified tokens are kept", async ({ settings, contract }) => {
  const { resources } = await createApp(settings, contract, new Metrics(contract));
  const tokens: string[] = [];
  await using(resources, async () => {
    while (tokens.length < 1001) tokens.push(await makeAccessToken(newId(), newId(), 60));
    for (const token of tokens) await readAccessToken(token);
  });
  expect([...resources.tokens.verified.keys()]).toEqual(tokens.slice(1));
  await resources.database.disconnect();
});

test("other algorithms are rejected", async ({ client, settings }) => {
  const claims = decodeJwt(client.token);
  const unsigned = new UnsecuredJWT(claims).encode();
  const other = await sign(claims, settings.secretKey.repeat(2), "HS512");
  for (const token of [unsigned, other, `${unsigned}x`, "a.b.c"]) {
    expect(await codeWith(client, token)).toEqual([401, "invalid_token"]);
  }
});

test("previous key is accepted until it is removed", async ({ client, settings, contract }) => {
  const secretKey = "q8W2".repeat(10);
  const secretKeyPrevious = ["kO3v".repeat(10), settings.secretKey];
  const rotated = { ...settings, secretKey, secretKeyPrevious };
  const started = (own: Settings) => createApp(own, contract, new Metrics(contract));
  let newer = "";
  await listening(await started(rotated), async (origin) => {
    const other = new Client(origin);
    other.token = client.token;
    expect((await other.get("users/me")).status).toBe(200);
    newer = (await registered(origin)).token;
    other.token = newer;
    expect((await other.get("users/me")).status).toBe(200);
  });
  await listening(await started({ ...rotated, secretKeyPrevious: [] }), async (origin) => {
    expect(await codeWith(new Client(origin), client.token)).toEqual([401, "invalid_token"]);
    const other = new Client(origin);
    other.token = newer;
    expect((await other.get("users/me")).status).toBe(200);
  });
  const kid = createHash("sha256").update(secretKey).digest("hex").slice(0, 16);
  expect(decodeProtectedHeader(newer)).toEqual({ alg: "HS256", typ: "JWT", kid });
});

test.for(["", "0123456789abcdef", 1, null, []])(
  "unknown key is rejected: %j",
  async (kid, { client, settings }) => {
    const parts = [{ alg: "HS256", kid }, decodeJwt(client.token)].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    const signed = parts.join(".");
    const digest = createHmac("sha256", settings.secretKey).update(signed).digest("base64url");
    expect(await codeWith(client, `${signed}.${digest}`)).toEqual([401, "invalid_token"]);
  },
);

test.for(["", "Bearer", "Bearer  {}", "Basic {}", "{}", "Bearer {} x"])(
  "other authorization is unauthenticated: %s",
  async (value, { client }) => {
    const sent = { Authorization: value.replace("{}", client.token) };
    const answer = await client.get("users/me", sent);
    expect(codeOf(answer)).toEqual([401, "unauthenticated"]);
    expect(answer.headers.get("WWW-Authenticate")).toBe('Bearer realm="task-timer"');
  },
);

test("authorization scheme is case-insensitive", async ({ client }) => {
  const sent = { Authorization: `bEARER ${client.token}` };
  expect((await client.get("users/me", sent)).status).toBe(200);
});

test("clock leeway is that of the contract", async ({ client, resources }) => {
  const exp = Math.floor(Date.now() / 1000) - 30;
  const { secretKey } = resources.settings;
  const token = await sign({ ...decodeJwt(client.token), exp }, secretKey);
  expect(await codeWith(client, token)).toEqual([401, "invalid_token"]);
  const other = await changed(resources, "clock_leeway_seconds: 0", "clock_leeway_seconds: 60");
  await listening(other, async (origin) => {
    const sent = { Authorization: `Bearer ${token}` };
    expect((await new Client(origin).get("users/me", sent)).status).toBe(200);
  });
});

test("refresh tokens are stored as the contract says", async ({ resources }) => {
  const digest = (name: string) => new Uint8Array(createHash(name).update("a").digest());
  const stored = (held: Resources) => using(held, () => hashRefreshToken("a"));
  expect(stored(resources)).toEqual(digest("sha256"));
  const other = await changed(resources, "stored_as: sha256", "stored_as: sha512");
  expect(stored(other.resources)).toEqual(digest("sha512"));
});
