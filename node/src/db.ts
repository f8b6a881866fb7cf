/** The client of a process, and the transactions on it. */

import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import { PrismaPg } from "@prisma/adapter-pg";
import { DriverAdapterError } from "@prisma/driver-adapter-utils";
import pg from "pg";
import type { Settings } from "./config.js";
import { resources } from "./current.js";
import { Prisma, PrismaClient } from "./generated/prisma/client.js";
import { currentContext } from "./utils/context.js";
import { parseDatabaseUrl } from "./utils/database-url.js";

const ATTEMPTS = 3;
const RETRIED_STATES = ["40001", "40P01"];
const UNAVAILABLE_STATES = /^(?:08|57P0|57014|53300)/;
const UNAVAILABLE_CODES = ["P1001", "P1002", "P1008", "P1017", "P2024", "P2028", "P2037"];
const UNAVAILABLE_KINDS = ["DatabaseNotReachable", "ConnectionClosed", "SocketTimeout"];
// The driver gives these no code of their own.
const UNAVAILABLE_MESSAGES =
  /^(?:Connection terminated|timeout (?:expired|exceeded)|Query read timeout|Client (?:has encountered|was closed))/;
const UNAVAILABLE_ERRNOS = /^(?:E(?:CONN|HOST|NET|PIPE|TIMEDOUT|NOTFOUND)|EAI_)/;
const UNCOUNTED = /^(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET)\b/;
const PREPARED_STATEMENTS = 500;

const ambient = new AsyncLocalStorage<Prisma.TransactionClient>();

/** Another transaction came first, for the `reason` given; tried again, this one may succeed. */
export class OvertakenError extends Error {
  constructor(readonly reason: Error) {
    super(reason.message);
    this.name = "OvertakenError";
  }
}

/** The client of a process. No connection is opened before the first statement. */
export class Database {
  readonly client: PrismaClient;
  readonly transactionOptions: { maxWait: number; timeout: number };
  private readonly pool: pg.Pool;
  private readonly statementNames = new Map<string, string>();

  constructor(settings: Settings) {
    const milliseconds = settings.databaseTimeoutMs;
    this.pool = new pg.Pool({
      ...driverOptions(settings.databaseUrl),
      max: settings.databasePoolSize,
      connectionTimeoutMillis: milliseconds,
      statement_timeout: milliseconds,
      query_timeout: milliseconds + 1000,
      keepAlive: true,
      options: "-c timezone=UTC",
      types: { getTypeParser: parserOf },
    });
    // A connection that is lost while nobody uses it is missed by nobody: there will be another.
    this.pool.on("error", () => {});
    const statementNameGenerator = ({ sql }: { sql: string }) => this.counted(sql);
    this.client = new PrismaClient({
      adapter: new PrismaPg(this.pool, { statementNameGenerator }),
    });
    // A transaction is bounded by its statements' timeouts, of which it has a handful.
    this.transactionOptions = { maxWait: milliseconds, timeout: milliseconds * 10 };
  }

  /** Gives the rows of a statement that takes effect by itself. */
  async rowsOf<T>({ text, values }: Prisma.Sql): Promise<T[]> {
    const { rows } = await this.pool.query({ name: this.counted(text), text, values });
    return rows as T[];
  }

  /** Closes the connections. */
  async disconnect(): Promise<void> {
    await this.client.$disconnect();
    await this.pool.end();
  }

  /** Counts a statement; names its text, so that it is prepared once per connection. */
  private counted(sql: string): string {
    const context = currentContext();
    if (context !== undefined && !UNCOUNTED.test(sql)) context.statements += 1;
    const known = this.statementNames.get(sql);
    // Without a name a statement is not kept, so that their number stays bounded.
    if (known !== undefined || this.statementNames.size === PREPARED_STATEMENTS) return known ?? "";
    const name = `s${this.statementNames.size}`;
    this.statementNames.set(sql, name);
    return name;
  }
}

/** Gives the options for the driver, pg. */
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

/** Gives the client to send statements with: that of the transaction that runs, if one does. */
export function db(): Prisma.TransactionClient {
  return ambient.getStore() ?? resources().database.client;
}

/**
 * Gives the rows of a statement that is written out, in the transaction that runs, if one does.
 *
 * Outside of one it goes to the driver, which takes a third of the time that the client would.
 */
export async function rowsOf<T>(statement: Prisma.Sql): Promise<T[]> {
  const transaction = ambient.getStore();
  if (transaction !== undefined) return transaction.$queryRaw<T[]>(statement);
  return resources().database.rowsOf<T>(statement);
}

/** Asks the database for nothing. */
export async function ping(): Promise<void> {
  await rowsOf(Prisma.sql`SELECT 1`);
}

/**
 * Runs a service function in one transaction, or in that of the caller.
 *
 * The outermost tries up to three times when the database chose it to give way, or when it was
 * overtaken.
 */
export function transactional<A extends unknown[], R>(
  work: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    if (ambient.getStore() !== undefined) return work(...args);
    for (let attempt = 1; ; attempt++) {
      try {
        return await runOnce(() => work(...args));
      } catch (error) {
        const overtaken = error instanceof OvertakenError;
        if (overtaken && attempt === ATTEMPTS) throw error.reason;
        if (attempt === ATTEMPTS) throw error;
        if (!overtaken && !RETRIED_STATES.includes(sqlState(error))) throw error;
      }
    }
  };
}

async function runOnce<R>(work: () => Promise<R>): Promise<R> {
  const { client, transactionOptions } = resources().database;
  return client.$transaction((each) => ambient.run(each, work), transactionOptions);
}

/** Gives the SQLSTATE of a driver's error, or nothing when the server did not answer. */
export function sqlState(error: unknown): string {
  if (error instanceof pg.DatabaseError) return error.code ?? "";
  return driverCause(error)?.originalCode ?? "";
}

/** Gives the name of the constraint that a statement broke. */
export function violated(error: unknown): string {
  if (error instanceof pg.DatabaseError) return error.constraint ?? "";
  const cause = driverCause(error);
  if (cause === undefined || !("constraint" in cause)) return "";
  return cause.constraint && "index" in cause.constraint ? cause.constraint.index : "";
}

/** Tells whether an error means that the database cannot be reached or does not keep up. */
export function unavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    return (
      UNAVAILABLE_CODES.includes(error.code) ||
      UNAVAILABLE_KINDS.includes(driverCause(error)?.kind ?? "") ||
      UNAVAILABLE_STATES.test(sqlState(error))
    );
  }
  const code = codeOf(error);
  return (
    UNAVAILABLE_MESSAGES.test(error.message) ||
    UNAVAILABLE_ERRNOS.test(code) ||
    UNAVAILABLE_STATES.test(sqlState(error))
  );
}

function codeOf(error: Error & { code?: unknown }): string {
  return typeof error.code === "string" ? error.code : "";
}

function driverCause(error: unknown): DriverAdapterError["cause"] | undefined {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return undefined;
  const reported = error.meta?.driverAdapterError;
  return reported instanceof DriverAdapterError ? reported.cause : undefined;
}

/** Reads what is sent as PostgreSQL's bigint as the client would, which brings parsers of its own. */
function parserOf(type: number, format?: "text" | "binary"): (value: string) => unknown {
  return type === pg.types.builtins.INT8 ? BigInt : pg.types.getTypeParser(type, format);
}
