/** Database URLs have the same parts as in the other twin. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseDatabaseUrl } from "../src/utils/database-url.js";

const FILE = new URL("../../contract-tests/database-urls.yaml", import.meta.url);
const URLS: { url: string; parts: object }[] = parse(readFileSync(FILE, "utf8"), { merge: true });

test.each(URLS)("URL has the same parts as in the other twin: $url", ({ url, parts }) => {
  const found = parseDatabaseUrl(url);
  expect({
    user: found.user ?? null,
    password: found.password ?? null,
    host: found.host,
    port: found.port,
    database: found.database,
    application_name: found.applicationName ?? null,
    ssl_mode: found.sslMode,
    ssl_root_cert: found.sslRootCert ?? null,
  }).toEqual(parts);
});
