/** The server reports an outage of its database, and recovers without a restart. */

import { DriverAdapterError } from "@prisma/driver-adapter-utils";
import pg from "pg";
import { expect } from "vitest";
import { NoAnswerError } from "../src/db.js";
import { Prisma } from "../src/generated/prisma/client.js";
import { outageOf } from "../src/outages.js";
import { test as base } from "./fixtures.js";
import { codeOf, DatabaseProxy, freePort, running } from "./servers.js";

const PRISMA = "PrismaClientKnownRequestError";

/** An error of Prisma with the error of the driver that it reports. */
function known(code: string, cause?: object): Error {
  const meta = cause && { driverAdapterError: new DriverAdapterError(cause as never) };
  const details = { code, clientVersion: "", ...(meta && { meta }) };
  return new Prisma.PrismaClientKnownRequestError("said", details);
}

function coded(code: string): Error {
  return Object.assign(new Error("said"), { code });
}

function refused(state: string): Error {
  return Object.assign(new pg.DatabaseError("said", 0, "error"), { code: state });
}

class LostError extends Error {}

const LOST_CODES = [
  ...["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "EPIPE", "EPROTO", "ETIMEDOUT"],
  ...["ENOTFOUND", "EAI_AGAIN", "CERT_HAS_EXPIRED", "CRL_HAS_EXPIRED", "HOSTNAME_MISMATCH"],
  ...["DEPTH_ZERO_SELF_SIGNED_CERT", "ERR_SSL_WRONG_VERSION_NUMBER", "INVALID_CA"],
  ...["ERR_TLS_CERT_ALTNAME_INVALID", "SELF_SIGNED_CERT_IN_CHAIN"],
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];
const LOST_MESSAGES = [
  "Connection terminated unexpectedly",
  "Client has encountered a connection error and is not queryable",
  "Client was closed and is not queryable",
  "The server does not support SSL connections",
];
const SILENT_MESSAGES = [
  "Connection terminated due to connection timeout",
  "timeout expired",
  "Query read timeout",
];
const OUTAGES: [Error, string, string | null, string][] = [
  [new Error("timeout exceeded when trying to connect"), "busy", null, "Error"],
  ...["P2024", "P2028", "P2037"].map((code) => row(known(code), "busy", PRISMA)),
  [new NoAnswerError(), "silent", null, "NoAnswerError"],
  ...SILENT_MESSAGES.map((message) => row(new Error(message), "silent", "Error")),
  ...["P1002", "P1008"].map((code) => row(known(code), "silent", PRISMA)),
  row(known("P2010", { kind: "SocketTimeout" }), "silent", PRISMA),
  ...LOST_CODES.map((code) => row(coded(code), "lost", "Error")),
  row(new LostError("Connection terminated"), "lost", "LostError"),
  ...LOST_MESSAGES.map((message) => row(new Error(message), "lost", "Error")),
  ...["P1001", "P1011", "P1017"].map((code) => row(known(code), "lost", PRISMA)),
  ...["DatabaseNotReachable", "ConnectionClosed", "TlsConnectionError"].map((kind) =>
    row(known("P2010", { kind }), "lost", PRISMA),
  ),
  [refused("53300"), "refused", "53300", "error"],
  [known("P2010", { kind: "postgres", originalCode: "40P01" }), "refused", "40P01", PRISMA],
];
const OTHERS = [
  { code: "ECONNREFUSED" },
  new Error("said"),
  new TypeError("no error of the database"),
  coded("ENOENT"),
  coded("ERR_INVALID_ARG_TYPE"),
  known("P2002"),
  known("P2010", { kind: "UniqueConstraintViolation", originalCode: "23505" }),
  refused("23505"),
];

function row(error: Error, cause: string, exception: string): [Error, string, null, string] {
  return [error, cause, null, exception];
}

const test = base.extend<{ proxy: DatabaseProxy }>({
  proxy: async ({ settings }, use) => {
    const proxy = new DatabaseProxy(settings.databaseUrl, await freePort());
    await use(proxy);
    await proxy.cut();
  },
});

test("server reports and survives a database outage", async ({ proxy }) => {
  await proxy.open();
  await running({ DATABASE_URL: proxy.url }, async (server) => {
    const client = await server.login();
    expect((await client.get("/ready")).status).toBe(200);
    await proxy.cut();
    for (let round = 0; round < 3; round++) {
      expect((await client.get("/health")).status).toBe(200);
      expect(codeOf(await client.get("/ready"))).toEqual([503, "unavailable"]);
      expect(codeOf(await client.get("tasks"))).toEqual([503, "unavailable"]);
      expect(codeOf(await client.post("timer/stop"))).toEqual([503, "unavailable"]);
    }
    await proxy.open();
    expect((await client.get("/ready")).status).toBe(200);
    expect((await client.get("tasks")).status).toBe(200);
  });
});

test("server starts without a database", async ({ proxy }) => {
  await running({ DATABASE_URL: proxy.url }, async (server) => {
    const ready = async () => (await fetch(`${server.origin}/ready`)).status;
    expect(await ready()).toBe(503);
    await proxy.open();
    expect(await ready()).toBe(200);
  });
});

test.for(OUTAGES)(
  "error of the database is an outage: %s",
  ([error, cause, sqlstate, exception], { contract }) => {
    const { states } = contract.get("x-unavailable");
    expect(outageOf(error, states)).toEqual({ cause, sqlstate, exception });
  },
);

test.for(OTHERS)("other error is no outage: %s", (error, { contract }) => {
  expect(outageOf(error, contract.get("x-unavailable").states)).toBeUndefined();
});
