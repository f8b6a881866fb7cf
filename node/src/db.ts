/** The database client of a process, and its transactions. */

import { AsyncLocalStorage } from "node:async_hooks";
import { PrismaPg } from "@prisma/adapter-pg";
import { DriverAdapterError } from "@prisma/driver-adapter-utils";
import pg from "pg";
import type { Settings } from "./config.js";
import { resources } from "./current.js";
import { Prisma, PrismaClient } from "./generated/prisma/client.js";
import { currentContext } from "./utils/context.js";

const ATTEMPTS = 3;
const RETRIED_STATES = ["40001", "40P01"];
const UNAVAILABLE_STATES = /^(?:08|57P0|57014|53300)/;
const UNAVAILABLE_CODES = ["P1001", "P1002", "P1008", "P1017", "P2024", "P2028", "P2037"];
const UNAVAILABLE_KINDS = ["DatabaseNotReachable", "ConnectionClosed", "SocketTimeout"];
// The driver has no codes for these.
const UNAVAILABLE_MESSAGES =
  /^(?:Connection terminated|timeout (?:expired|exceeded)|Query read timeout|Client (?:has encountered|was closed))/;
const UNAVAILABLE_ERRNOS = /^(?:E(?:CONN|HOST|NET|PIPE|TIMEDOUT|NOTFOUND)|EAI_)/;
const UNCOUNTED = /^(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET)\b/;
const PREPARED_STATEMENTS = 500;

const ambient = new AsyncLocalStorage<Prisma.TransactionClient>();

/** A concurrent transaction came first, for the given `reason`; a retry may succeed. */
export class OvertakenError extends Error {
  constructor(readonly reason: Error) {
    super(reason.message);
    this.name = "OvertakenError";
  }
}

/** The database client of a process. It connects at the first statement. */
export class Database {
  readonly client: PrismaClient;
  readonly transactionOptions: { maxWait: number; timeout: number };
  private readonly pool: pg.Pool;
  private readonly statementNames = new Map<string, string>();

  constructor(settings: Settings) {
    const milliseconds = settings.databaseTimeoutMs;
    this.pool = new pg.Pool({
      connectionString: settings.databaseUrl,
      max: settings.databasePoolSize,
      connectionTimeoutMillis: milliseconds,
      statement_timeout: milliseconds,
      query_timeout: milliseconds + 1000,
      keepAlive: true,
      options: "-c timezone=UTC",
      types: { getTypeParser: parserOf },
    });
    // A connection lost while idle needs no handling: the pool opens another.
    this.pool.on("error", () => {});
    const statementNameGenerator = ({ sql }: { sql: string }) => this.counted(sql);
    this.client = new PrismaClient({
      adapter: new PrismaPg(this.pool, { statementNameGenerator }),
    });
    // A transaction is bounded by the timeouts of its few statements.
    this.transactionOptions = { maxWait: milliseconds, timeout: milliseconds * 10 };
  }

  /** Returns the rows of a statement in autocommit mode. */
  async rowsOf<T>({ text, values }: Prisma.Sql): Promise<T[]> {
    const { rows } = await this.pool.query({ name: this.counted(text), text, values });
    return rows as T[];
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
    const known = this.statementNames.get(sql);
    // A statement without a name is not kept, which bounds their number.
    if (known !== undefined || this.statementNames.size === PREPARED_STATEMENTS) return known ?? "";
    const name = `s${this.statementNames.size}`;
    this.statementNames.set(sql, name);
    return name;
  }
}

/** Returns the client to use: that of the current transaction, if there is one. */
export function db(): Prisma.TransactionClient {
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
  return resources().database.rowsOf<T>(statement);
}

/** Checks the connection to the database. */
export async function ping(): Promise<void> {
  await rowsOf(Prisma.sql`SELECT 1`);
}

/**
 * Runs a service function in a transaction, or in that of the caller.
 *
 * The outermost call is retried, up to three attempts, after a deadlock, a serialisation failure or
 * an OvertakenError.
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

/** Returns whether an error means that the database is unreachable or overloaded. */
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

/** Parses PostgreSQL's bigint as the client does, which has its own parsers. */
function parserOf(type: number, format?: "text" | "binary"): (value: string) => unknown {
  return type === pg.types.builtins.INT8 ? BigInt : pg.types.getTypeParser(type, format);
}
