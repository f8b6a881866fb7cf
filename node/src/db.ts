/** The database client of a process, and its transactions. */

import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { PrismaPg } from "@prisma/adapter-pg";
import { DriverAdapterError } from "@prisma/driver-adapter-utils";
import pg from "pg";
import type { Settings } from "./config.js";
import { resources } from "./current.js";
import { Prisma, PrismaClient } from "./generated/prisma/client.js";
import { currentContext } from "./utils/context.js";
import { parseDatabaseUrl } from "./utils/database-url.js";

// The server's own limit for a statement comes first, where there is a server.
const GRACE_MS = 1_000;
const UNCOUNTED = /^(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET)\b/;
const PREPARED_STATEMENTS = 500;

// Names of the time zone that sessions must have.
const UTC = ["UTC", "Etc/UTC"];

const ambient = new AsyncLocalStorage<Prisma.TransactionClient>();
// What reads on one connection, outside of transactions.
const pinned = new AsyncLocalStorage<{ database: Database; client: pg.PoolClient }>();

/** A concurrent transaction came first, for the given `reason`; a retry may succeed. */
export class OvertakenError extends Error {
  constructor(readonly reason: Error) {
    super(reason.message);
    this.name = "OvertakenError";
  }
}

/** Sessions of the database are not in UTC: behind a pooler, its role has to set that. */
export class TimeZoneError extends Error {
  override readonly name = "TimeZoneError";
}

/** The database did not respond in time, and the connection was closed. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

/**
 * A database client of a process. It connects at the first statement.
 *
 * url: of a replica, instead of the primary. connectMs: how long connecting to it may take.
 */
export class Database {
  readonly client: PrismaClient;
  readonly transactionOptions: { maxWait: number; timeout: number };
  readonly answerMs: number;
  private readonly pool: pg.Pool;
  private readonly connections = new Connections();
  private readonly prepares: boolean;
  private readonly statementNames = new Map<string, string>();

  constructor(settings: Settings, url = "", connectMs = 0) {
    const milliseconds = settings.databaseTimeoutMs;
    this.answerMs = milliseconds + GRACE_MS;
    this.pool = new pg.Pool({
      ...driverOptions(url || settings.databaseUrl),
      max: settings.databasePoolSize,
      connectionTimeoutMillis: connectMs || milliseconds,
      keepAlive: true,
      ...sessionOptions(settings),
      types: { getTypeParser: parserOf },
    });
    // A connection lost while idle needs no handling: the pool opens another.
    this.pool.on("error", () => {});
    this.prepares = settings.databasePooler === "none";
    this.connections.watch(this.pool, this.answerMs);
    const statementNameGenerator = ({ sql }: { sql: string }) => this.counted(sql);
    this.client = new PrismaClient({
      adapter: new PrismaPg(this.pool, { statementNameGenerator }),
    });
    // A transaction is bounded by the timeouts of its few statements.
    this.transactionOptions = { maxWait: milliseconds, timeout: milliseconds * 10 };
  }

  /** Returns the rows of a statement in autocommit mode, on any connection or a given one. */
  async rowsOf<T>(
    { text, values }: Prisma.Sql,
    on: pg.Pool | pg.PoolClient = this.pool,
  ): Promise<T[]> {
    const { rows } = await on.query({ name: this.counted(text), text, values });
    return rows as T[];
  }

  /** Lends a connection. */
  async lend<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    // Whoever waits for a response learns of it, too.
    const ignore = () => {};
    client.on("error", ignore);
    try {
      return await use(client);
    } finally {
      client.off("error", ignore);
      client.release();
    }
  }

  /** The number of connections that are in use. */
  get inUse(): number {
    return this.pool.totalCount - this.pool.idleCount;
  }

  /** The number of those who wait for a connection. */
  get waiting(): number {
    return this.pool.waitingCount;
  }

  /** Gives up all connections that there are now: those in use when they are no more. */
  renew(): void {
    this.connections.giveUp();
  }

  /** Closes the connections. */
  async disconnect(): Promise<void> {
    await this.client.$disconnect();
    await this.pool.end();
  }

  /** Counts a statement, and names it, so that it is prepared once per connection. */
  private counted(sql: string): string {
    const context = currentContext();
    if (context !== undefined && !UNCOUNTED.test(sql)) context.statements += 1;
    // A statement without a name is not kept, which bounds their number.
    if (!this.prepares) return "";
    const known = this.statementNames.get(sql);
    if (known !== undefined || this.statementNames.size === PREPARED_STATEMENTS) return known ?? "";
    const name = `s${this.statementNames.size}`;
    this.statementNames.set(sql, name);
    return name;
  }
}

/** Returns the options for the driver, pg. */
function driverOptions(databaseUrl: string): pg.PoolConfig {
  const { user, password, host, port, database, ...url } = parseDatabaseUrl(databaseUrl);
  const tls =
    url.sslMode === "verify-full"
      ? url.sslRootCert && { ca: readFileSync(url.sslRootCert) }
      : { rejectUnauthorized: false };
  return {
    host,
    port,
    database,
    ssl: url.sslMode !== "disable" && (tls || true),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(url.applicationName !== undefined && { application_name: url.applicationName }),
  };
}

/** Returns what holds for a session, which behind a pooler no client has to itself. */
function sessionOptions(settings: Settings): pg.PoolConfig {
  if (settings.databasePooler === "transaction") return { verify: verifyTimeZone };
  return { statement_timeout: settings.databaseTimeoutMs, options: "-c timezone=UTC" };
}

/** Refuses a connection whose session is not in UTC, as Prisma takes all timestamps for such. */
function verifyTimeZone(client: pg.PoolClient, done: (error?: Error) => void): void {
  client.query("SELECT current_setting('TimeZone') AS zone").then(({ rows: [{ zone }] }) => {
    done(UTC.includes(zone) ? undefined : new TimeZoneError());
  }, done);
}

/** The connections of a pool, each with a time limit for a response while it is in use. */
class Connections {
  private readonly idle = new Set<pg.PoolClient>();
  private readonly used = new Set<pg.PoolClient>();
  private readonly givenUp = new WeakSet<pg.PoolClient>();

  watch(pool: pg.Pool, milliseconds: number): void {
    pool.on("connect", (client) => {
      const stream = client.connection.stream as Socket;
      stream.setTimeout(milliseconds, () => {
        if (this.used.has(client)) stream.destroy(new NoAnswerError());
      });
    });
    pool.on("acquire", (client) => {
      this.idle.delete(client);
      this.used.add(client);
    });
    pool.on("release", (_error, client) => {
      this.used.delete(client);
      if (this.givenUp.has(client)) void client.end();
      else this.idle.add(client);
    });
    pool.on("remove", (client) => this.idle.delete(client));
  }

  giveUp(): void {
    for (const client of this.used) this.givenUp.add(client);
    // The pool takes it for one that the server has closed.
    for (const client of this.idle) client.connection.stream.destroy(new NoAnswerError());
    this.idle.clear();
  }
}

/** Returns the client to use: that of the current transaction, if there is one. */
export function db(): Prisma.TransactionClient {
  if (pinned.getStore() !== undefined) throw new Error("on a replica only rowsOf() is possible");
  return ambient.getStore() ?? resources().database.client;
}

/**
 * Returns the rows of a raw SQL statement, in the current transaction, if there is one.
 *
 * Outside a transaction it uses the driver directly, in a third of the time of the client.
 */
export async function rowsOf<T>(statement: Prisma.Sql): Promise<T[]> {
  const transaction = ambient.getStore();
  if (transaction !== undefined) return transaction.$queryRaw<T[]>(statement);
  const { database, client } = pinned.getStore() ?? {};
  if (database !== undefined) return database.rowsOf<T>(statement, client);
  return resources().database.rowsOf<T>(statement);
}

/** Runs what only reads on one connection to a database, in autocommit mode. */
export function runOn<T>(database: Database, work: () => Promise<T>): Promise<T> {
  return database.lend((client) => pinned.run({ database, client }, work));
}

/** Bounds how long responses of the database are awaited on the current connection. */
export async function answeredWithin<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const current = pinned.getStore();
  if (current === undefined) throw new Error("no connection: run this within runOn()");
  const stream = current.client.connection.stream as Socket;
  stream.setTimeout(milliseconds);
  try {
    return await work();
  } finally {
    stream.setTimeout(current.database.answerMs);
  }
}

/** Checks that the database responds, and that its tables exist and can be written to. */
export async function ping(): Promise<void> {
  await rowsOf(Prisma.sql`SELECT 1 FROM users, tracked_tasks LIMIT 0 FOR SHARE OF users`);
}

/**
 * Runs a service function in a transaction, or in that of the caller.
 *
 * The outermost call is retried, as often as the contract says and after a pause, after a deadlock,
 * a serialisation failure or an OvertakenError.
 */
export function transactional<A extends unknown[], R>(
  work: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    if (ambient.getStore() !== undefined) return work(...args);
    if (pinned.getStore() !== undefined) throw new Error("a replica has no transactions");
    const { attempts, pause_ms, retried_states } = resources().contract.get("x-unavailable");
    for (let attempt = 1; ; attempt++) {
      try {
        return await runOnce(() => work(...args));
      } catch (error) {
        const overtaken = error instanceof OvertakenError;
        if (overtaken && attempt === attempts) throw error.reason;
        if (attempt === attempts) throw error;
        if (!overtaken && !retried_states.includes(sqlState(error))) throw error;
        // Not as long as the others that gave way.
        if (!overtaken) await pause(pause_ms * attempt * (0.5 + Math.random()));
      }
    }
  };
}

async function runOnce<R>(work: () => Promise<R>): Promise<R> {
  const { client, transactionOptions } = resources().database;
  return client.$transaction((each) => ambient.run(each, work), transactionOptions);
}

/** Returns the SQLSTATE of a driver's error, or nothing if the server did not respond. */
export function sqlState(error: unknown): string {
  if (error instanceof pg.DatabaseError) return error.code ?? "";
  return driverCause(error)?.originalCode ?? "";
}

/** Returns the name of the constraint that a statement violated. */
export function violated(error: unknown): string {
  if (error instanceof pg.DatabaseError) return error.constraint ?? "";
  const cause = driverCause(error);
  if (cause === undefined || !("constraint" in cause)) return "";
  return cause.constraint && "index" in cause.constraint ? cause.constraint.index : "";
}

/** Returns the code of an error, from Prisma or the operating system, or nothing. */
export function codeOf(error: Error & { code?: unknown }): string {
  return typeof error.code === "string" ? error.code : "";
}

/** Gives the kind of a driver's error that Prisma reports. */
export function driverKind(error: Error): string {
  return driverCause(error)?.kind ?? "";
}

function driverCause(error: unknown): DriverAdapterError["cause"] | undefined {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return undefined;
  const reported = error.meta?.driverAdapterError;
  return reported instanceof DriverAdapterError ? reported.cause : undefined;
}

/** Parses PostgreSQL's bigint as the client does, which has its own parsers. */
function parserOf(type: number, format?: "text" | "binary"): (value: string) => unknown {
  return type === pg.types.builtins.INT8 ? BigInt : pg.types.getTypeParser(type, format);
}
