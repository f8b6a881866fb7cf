/** The settings of a process: the only place that reads the environment. */

import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DatabaseUrlError, parseDatabaseUrl } from "./utils/database-url.js";
import { readEnvFile } from "./utils/env-file.js";
import { LOG_LEVELS, type LogLevel } from "./utils/logger.js";

/** The validated settings. Durations have their unit in the name. */
export interface Settings {
  appEnv: "development" | "test" | "production";
  host: string;
  port: number;
  metricsPort: number;
  workers: number;
  databaseUrl: string;
  databaseReadUrl: string;
  databasePooler: "none" | "transaction";
  databasePoolSize: number;
  databaseTimeoutMs: number;
  secretKey: string;
  secretKeyPrevious: string[];
  accessTokenSeconds: number;
  refreshTokenSeconds: number;
  refreshGraceSeconds: number;
  sessionSeconds: number;
  rateLimitPerMinute: number;
  credentialLimitPerMinute: number;
  corsOrigins: string[];
  trustedProxyHops: number;
  logLevel: LogLevel;
  keepAliveSeconds: number;
  shutdownDelaySeconds: number;
  shutdownSeconds: number;
  validateResponses: boolean;
  tracesEndpoint: string;
  serviceName: string;
  contractPath: string;
  docsPath: string;
}

type Environment = Record<string, string | undefined>;

const ENVIRONMENTS = ["development", "test", "production"] as const;
const TRACES_EXPORTERS = ["otlp", "none"] as const;
const TRACES_PROTOCOLS = ["http/protobuf"] as const;
const COLLECTOR_URL = "http://localhost:4318";
const POOLERS = ["none", "transaction"] as const;
/** It is public, so it must not sign anything of value. */
export const DEVELOPMENT_SECRET_KEY = "development-only-secret-key-never-use-it-elsewhere";
const PLACEHOLDER = /change[-_]?me|development-|placeholder|your-secret/i;
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)$/;
const URL_PATTERN =
  /^https?:\/\/(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._~/-]*)?$/;
const ENV_FILE = ".env";
/** As browsers write it: in lower case, and without the port that the scheme has anyway. */
const ORIGIN = new RegExp(
  "^(?!http://.*:80$|https://.*:443$)" +
    "https?://(?:[a-z0-9-]+(?:\\.[a-z0-9-]+)*|\\[[0-9a-f:.]+\\])(?::[1-9][0-9]{0,4})?$",
);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Invalid settings; `faults` has a line for each, with the name of the setting. */
export class ConfigError extends Error {
  constructor(readonly faults: string[]) {
    super(faults.join("\n"));
    this.name = "ConfigError";
  }
}

/** Reads the settings from the environment. Throws a ConfigError with all faults at once. */
export function loadSettings(environment: Environment): Settings {
  const read = new Reader(environment);
  const appEnv = read.choice("APP_ENV", ENVIRONMENTS, "development");
  const settings: Settings = {
    appEnv,
    host: read.host("HOST", "127.0.0.1"),
    port: read.integer("PORT", 1, 65535, 8000),
    metricsPort: read.integer("METRICS_PORT", 0, 65535, 0),
    workers: read.integer("WORKERS", 1, 64, 1),
    databaseUrl: read.databaseUrl("DATABASE_URL", true),
    databaseReadUrl: read.databaseUrl("DATABASE_READ_URL", false),
    databasePooler: read.choice("DATABASE_POOLER", POOLERS, "none"),
    databasePoolSize: read.integer("DATABASE_POOL_SIZE", 1, 100, 10),
    databaseTimeoutMs: read.integer("DATABASE_TIMEOUT_MS", 100, 60000, 5000),
    secretKey: read.secret("SECRET_KEY", appEnv === "production"),
    secretKeyPrevious: read.previousSecrets("SECRET_KEY_PREVIOUS"),
    accessTokenSeconds: read.integer("ACCESS_TOKEN_SECONDS", 10, 86400, 900),
    refreshTokenSeconds: read.integer("REFRESH_TOKEN_SECONDS", 60, 7776000, 1209600),
    refreshGraceSeconds: read.integer("REFRESH_GRACE_SECONDS", 0, 60, 10),
    sessionSeconds: read.integer("SESSION_SECONDS", 60, 31536000, 2592000),
    rateLimitPerMinute: read.integer("RATE_LIMIT_PER_MINUTE", 1, 1000000, 600),
    credentialLimitPerMinute: read.integer("CREDENTIAL_LIMIT_PER_MINUTE", 1, 1000000, 10),
    corsOrigins: read.origins("CORS_ORIGINS"),
    trustedProxyHops: read.integer("TRUSTED_PROXY_HOPS", 0, 10, 0),
    logLevel: read.choice("LOG_LEVEL", LOG_LEVELS, "info"),
    keepAliveSeconds: read.integer("KEEP_ALIVE_SECONDS", 1, 3600, 75),
    shutdownDelaySeconds: read.integer(
      "SHUTDOWN_DELAY_SECONDS",
      0,
      300,
      appEnv === "production" ? 5 : 0,
    ),
    shutdownSeconds: read.integer("SHUTDOWN_SECONDS", 1, 300, 10),
    validateResponses: read.boolean("VALIDATE_RESPONSES", appEnv !== "production"),
    tracesEndpoint: read.tracesEndpoint(),
    serviceName: read.text("OTEL_SERVICE_NAME", "task-timer"),
    contractPath: read.file("CONTRACT_PATH", `${ROOT}openapi.yaml`),
    docsPath: read.text("DOCS_PATH", `${ROOT}docs`),
  };
  if (read.faults.length > 0) throw new ConfigError(read.faults);
  return settings;
}

/** Returns the environment, with the variables of the file `.env`, if there is one, added to it. */
export function readEnvironment(): Environment {
  const misread = readEnvFile(ENV_FILE);
  if (misread.length > 0) throw new ConfigError(misread);
  return process.env;
}

/** Reads single settings, and collects their faults. An empty variable counts as unset. */
class Reader {
  readonly faults: string[] = [];
  constructor(private readonly environment: Environment) {}

  text(name: string, fallback: string): string {
    return this.environment[name] || fallback;
  }

  integer(name: string, least: number, most: number, fallback: number): number {
    const text = this.text(name, String(fallback));
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    return this.fault(name, `must be an integer from ${least} to ${most}`, fallback);
  }

  choice<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const value = values.find((candidate) => candidate === this.text(name, fallback));
    return value ?? this.fault(name, `must be one of ${values.join(", ")}`, fallback);
  }

  boolean(name: string, fallback: boolean): boolean {
    return this.choice(name, ["true", "false"], `${fallback}`) === "true";
  }

  host(name: string, fallback: string): string {
    const text = this.text(name, fallback);
    if (!HOST.test(text)) return this.fault(name, "must be a host name or address", fallback);
    return text.replace(/^\[|\]$/g, "");
  }

  databaseUrl(name: string, required: boolean): string {
    const text = this.text(name, "");
    if (text === "") return required ? this.fault(name, "required", "") : "";
    try {
      const { sslRootCert } = parseDatabaseUrl(text);
      if (sslRootCert !== undefined && !isFile(sslRootCert)) {
        return this.fault(name, "must name an existing file as sslrootcert", "");
      }
    } catch (error) {
      if (error instanceof DatabaseUrlError) return this.fault(name, error.message, "");
      throw error;
    }
    return text;
  }

  origins(name: string): string[] {
    const given = this.list(name);
    const valid = given.every((origin) => ORIGIN.test(origin));
    return valid
      ? given
      : this.fault(name, "must be comma-separated origins such as https://example.com", []);
  }

  file(name: string, fallback: string): string {
    const path = this.text(name, fallback);
    return isFile(path) ? path : this.fault(name, "must be an existing file", path);
  }

  secret(name: string, required: boolean): string {
    const value = this.text(name, required ? "" : DEVELOPMENT_SECRET_KEY);
    if (value === DEVELOPMENT_SECRET_KEY && !required) return value;
    if (value === "") return this.fault(name, "required", value);
    const weakness = weaknessOf(value);
    return weakness === undefined ? value : this.fault(name, weakness, value);
  }

  previousSecrets(name: string): string[] {
    const keys = this.list(name);
    const weakness = keys.map(weaknessOf).find((found) => found !== undefined);
    return weakness === undefined ? keys : this.fault(name, weakness, keys);
  }

  /** Where spans are sent to, or nothing. The SDK would take a URL of any kind, and protocols. */
  tracesEndpoint(): string {
    const every = this.url("OTEL_EXPORTER_OTLP_ENDPOINT");
    const own = this.url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    this.choice("OTEL_EXPORTER_OTLP_PROTOCOL", TRACES_PROTOCOLS, TRACES_PROTOCOLS[0]);
    const exporter = this.choice(
      "OTEL_TRACES_EXPORTER",
      TRACES_EXPORTERS,
      every || own ? "otlp" : "none",
    );
    if (this.boolean("OTEL_SDK_DISABLED", false) || exporter === "none") return "";
    return own || `${(every || COLLECTOR_URL).replace(/\/$/, "")}/v1/traces`;
  }

  private url(name: string): string {
    const text = this.text(name, "");
    if (text === "" || URL_PATTERN.test(text)) return text;
    return this.fault(name, `must be a URL such as ${COLLECTOR_URL}`, "");
  }

  private list(name: string): string[] {
    const parts = this.text(name, "").split(",");
    return parts.map((part) => part.replace(/^[ \t]+|[ \t]+$/g, "")).filter((part) => part !== "");
  }

  private fault<T>(name: string, expected: string, instead: T): T {
    this.faults.push(`${name}: ${expected}`);
    return instead;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function weaknessOf(key: string): string | undefined {
  if ([...key].length < 32) return "must have at least 32 characters";
  if (new Set(key).size < 8) return "must have at least 8 different characters";
  return PLACEHOLDER.test(key) ? "must not be a placeholder" : undefined;
}
