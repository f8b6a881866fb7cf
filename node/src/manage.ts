/** Administration commands: `node dist/manage.js --help`. */

import password from "@inquirer/password";
import { Command, CommanderError, Option } from "commander";
import { ConfigError, loadSettings, readEnvironment } from "./config.js";
import { ContractError, loadContract } from "./contract.js";
import { resources, using } from "./current.js";
import { outageOf } from "./outages.js";
import { disconnect, makeResources, type Resources } from "./resources.js";
import { insertSampleData } from "./sample-data.js";
import * as passwordService from "./services/password-service.js";
import * as pruneService from "./services/prune-service.js";
import * as userService from "./services/user-service.js";
import { EmailTakenError } from "./utils/errors.js";

const FAILED = 1;
const MISUSED = 2;
const REGISTRATION = { $ref: "#/components/schemas/Registration" };
// Nobody waits for these commands as a client waits for an answer.
const STATEMENT_TIMEOUT_MS = 60_000;

/** A command cannot do what it is asked; it prints the faults and exits with the status. */
class RefusedError extends Error {
  constructor(
    readonly faults: string[],
    readonly status: number,
  ) {
    super(faults.join("; "));
    this.name = "RefusedError";
  }
}

const cli = new Command("node dist/manage.js")
  .description("Manages the data of the Task Timer, in the database of DATABASE_URL.")
  .helpOption("--help", "Show this message and exit.")
  .helpCommand(false)
  .exitOverride();

cli
  .command("create-admin")
  .description("Creates a user with the role `admin`.")
  .requiredOption("--email <text>", "The email address of the user.")
  .addOption(
    new Option(
      "--password <text>",
      "The password; if not given, that of ADMIN_PASSWORD or of a prompt.",
    ).env("ADMIN_PASSWORD"),
  )
  .action(async (given: { email: string; password?: string }) => {
    const email = given.email;
    const chosen = given.password ?? (await password({ message: "Password:" }));
    await administering(() => createAdmin(email, chosen));
  });

cli
  .command("prune")
  .description("Deletes rows that have expired, which no request can use.")
  .action(() => administering(prune));

cli
  .command("seed")
  .description("Inserts the sample data, except rows that exist.")
  .action(() => administering(seed));

async function createAdmin(email: string, password: string): Promise<void> {
  check({ email, password });
  try {
    await userService.createUser(email, await passwordService.hashPassword(password), "admin");
  } catch (error) {
    if (!(error instanceof EmailTakenError)) throw error;
    throw new RefusedError([`${email} is already registered`], FAILED);
  }
}

async function seed(): Promise<void> {
  if (resources().settings.appEnv === "production") {
    throw new RefusedError(["seed is refused in production: the passwords are public"], FAILED);
  }
  tell(await insertSampleData());
}

async function prune(): Promise<void> {
  const hours = resources().contract.get("x-limits").idempotency_hours;
  tell(await pruneService.deleteExpired(hours));
}

/** Runs a command with the resources of a process, and closes their connections. */
async function administering(command: () => Promise<void>): Promise<void> {
  const held = await loadResources();
  try {
    await using(held, command);
  } catch (error) {
    if (outageOf(error, held.contract.get("x-unavailable").states) === undefined) throw error;
    throw new RefusedError(["the database is unavailable"], FAILED);
  } finally {
    await disconnect(held);
  }
}

async function loadResources(): Promise<Resources> {
  try {
    const settings = {
      ...loadSettings(readEnvironment()),
      databaseTimeoutMs: STATEMENT_TIMEOUT_MS,
    };
    return await makeResources(settings, loadContract(settings.contractPath));
  } catch (error) {
    if (error instanceof ConfigError) throw new RefusedError(error.faults, MISUSED);
    if (error instanceof ContractError) throw new RefusedError([error.message], MISUSED);
    throw error;
  }
}

/** Throws unless the contract would let such a user register. */
function check(registration: { email: string; password: string }): void {
  const validator = resources().contract.reader.validator(REGISTRATION, "body");
  const violations = validator.violations(registration);
  if (violations.length === 0) return;
  const faults = violations.map(({ pointer, rule }) => `${pointer.slice(1)}: violates ${rule}`);
  throw new RefusedError(faults, MISUSED);
}

function tell(rows: Record<string, number>): void {
  for (const [table, number] of Object.entries(rows)) process.stdout.write(`${table}: ${number}\n`);
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED;
  if (error instanceof Error && error.name === "ExitPromptError")
    return refuse(["Aborted!"], FAILED);
  if (error instanceof RefusedError) return refuse(error.faults, error.status);
  throw error;
}

function refuse(faults: string[], status: number): number {
  process.stderr.write(faults.map((fault) => `${fault}\n`).join(""));
  return status;
}

try {
  await cli.parseAsync();
} catch (error) {
  process.exitCode = statusOf(error);
}
