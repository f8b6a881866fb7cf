import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ConfigError, DEVELOPMENT_SECRET_KEY, loadSettings } from "../src/config.js";

const DATABASE_URL = "postgresql://user@localhost:5432/database";
const LISTED = readFileSync(new URL("../../.env.example", import.meta.url), "utf8");
const EXAMPLE = Object.fromEntries(
  [...LISTED.matchAll(/^([A-Z_]+)=(.+)$/gm)].map(([, name, value]) => [name, value]),
);
const STRONG_KEY = "kO3vT9-bXw7mQz1_Lr5yHd8sNf2cGj6a";
const ORIGINS: [string, string[]][] = [
  ["", []],
  [" ,\t,", []],
  [" https://a.example ,,\thttps://b.example", ["https://a.example", "https://b.example"]],
];
const EVERY = { EXPORTER_OTLP_ENDPOINT: "http://every.example:4318/" };
const OWN = { EXPORTER_OTLP_TRACES_ENDPOINT: "http://own.example/spans/" };
const ENDPOINTS: [Record<string, string>, string][] = [
  [{}, ""],
  [EVERY, "http://every.example:4318/v1/traces"],
  [{ EXPORTER_OTLP_ENDPOINT: "http://a.example/b" }, "http://a.example/b/v1/traces"],
  [OWN, "http://own.example/spans/"],
  [{ ...EVERY, ...OWN }, "http://own.example/spans/"],
  [{ TRACES_EXPORTER: "otlp" }, "http://localhost:4318/v1/traces"],
  [{ ...EVERY, TRACES_EXPORTER: "none" }, ""],
  [{ ...OWN, SDK_DISABLED: "true" }, ""],
  [{ ...OWN, SDK_DISABLED: "false" }, "http://own.example/spans/"],
];
const WEAK_KEYS = [
  "short",
  "a".repeat(40),
  "abababababababababababababababababab",
  DEVELOPMENT_SECRET_KEY,
];

function faults(environment: Record<string, string>): string[] {
  try {
    loadSettings(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

function names(environment: Record<string, string>): (string | undefined)[] {
  return faults(environment).map((fault) => fault.split(":")[0]);
}

test("only the database URL is required", () => {
  const settings = loadSettings({ DATABASE_URL });
  expect(settings).toMatchObject({ appEnv: "development", port: 8000, workers: 1 });
  expect(settings.validateResponses).toBe(true);
});

test("defaults match the example", () => {
  const { DATABASE_URL } = EXAMPLE;
  expect(loadSettings(EXAMPLE)).toEqual(loadSettings({ DATABASE_URL }));
});

test("empty variable counts as unset", () => {
  expect(loadSettings({ DATABASE_URL, PORT: "" }).port).toBe(8000);
});

test("all invalid settings are listed", () => {
  expect(names({ PORT: "0", WORKERS: "two", CORS_ORIGINS: "*" })).toEqual([
    "PORT",
    "WORKERS",
    "DATABASE_URL",
    "CORS_ORIGINS",
  ]);
});

test("development has a default secret key", () => {
  expect(loadSettings({ DATABASE_URL }).secretKey).toBe(DEVELOPMENT_SECRET_KEY);
});

test.each(WEAK_KEYS)("production rejects a weak secret key: %s", (key) => {
  const environment = { DATABASE_URL, APP_ENV: "production", SECRET_KEY: key };
  expect(names(environment)).toEqual(["SECRET_KEY"]);
});

test("production requires a secret key", () => {
  expect(faults({ DATABASE_URL, APP_ENV: "production" })).toEqual(["SECRET_KEY: required"]);
});

test("previous keys must be as strong", () => {
  const reversed = [...STRONG_KEY].reverse().join("");
  const environment = { DATABASE_URL, SECRET_KEY_PREVIOUS: ` ${STRONG_KEY} ,${reversed}` };
  expect(loadSettings(environment).secretKeyPrevious).toEqual([STRONG_KEY, reversed]);
  expect(faults({ DATABASE_URL, SECRET_KEY_PREVIOUS: `${STRONG_KEY},short` })).toEqual([
    "SECRET_KEY_PREVIOUS: must have at least 32 characters",
  ]);
});

test("production accepts a strong secret key", () => {
  const environment = { DATABASE_URL, APP_ENV: "production", SECRET_KEY: STRONG_KEY };
  expect(loadSettings(environment).validateResponses).toBe(false);
});

test.each([
  ["development", 0],
  ["test", 0],
  ["production", 5],
])("shutdown is announced in production: %s", (APP_ENV, seconds) => {
  const settings = loadSettings({ DATABASE_URL, APP_ENV, SECRET_KEY: STRONG_KEY });
  expect(settings.shutdownDelaySeconds).toBe(seconds);
});

test.each([
  ["[::1]", "::1"],
  ["::1", "::1"],
  ["localhost", "localhost"],
])("brackets of an address are removed: %s", (HOST, host) => {
  expect(loadSettings({ DATABASE_URL, HOST }).host).toBe(host);
});

test.each(ORIGINS)("list has no empty elements: %s", (CORS_ORIGINS, origins) => {
  expect(loadSettings({ DATABASE_URL, CORS_ORIGINS }).corsOrigins).toEqual(origins);
});

test.each(ENDPOINTS)("endpoint of traces follows from several settings: %j", (given, endpoint) => {
  const named = Object.entries(given).map(([name, value]) => [`OTEL_${name}`, value]);
  const environment = { DATABASE_URL, ...Object.fromEntries(named) };
  expect(loadSettings(environment).tracesEndpoint).toBe(endpoint);
});
