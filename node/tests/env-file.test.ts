/** .env files are read as in the other twin. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { readEnvFile } from "../src/utils/env-file.js";

const FILE = new URL("../../contract-tests/env-lines.yaml", import.meta.url);
const LINES: { line: string; value?: string }[] = parse(readFileSync(FILE, "utf8"));

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "env-file-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  delete process.env.A;
});

function written(content: string | Buffer): string {
  const path = join(folder, ".env");
  writeFileSync(path, content);
  return path;
}

test.each(LINES)("line is read as in the other twin: $line", ({ line, value }) => {
  const faults = readEnvFile(written(line));
  expect(process.env.A).toBe(value);
  expect(faults.length > 0).toBe(value === undefined);
});

test("variables that are set take precedence", () => {
  process.env.A = "";
  expect(readEnvFile(written("A=b"))).toEqual([]);
  expect(process.env.A).toBe("");
});

test("errors do not contain values", () => {
  const path = written(Buffer.from("A=b\nSECRET=its value\\\n\xff\n", "latin1"));
  expect(readEnvFile(path)).toEqual([
    ".env: line 2 must look like NAME=value",
    ".env: line 3 must look like NAME=value",
  ]);
  expect(process.env.A).toBeUndefined();
  expect(readEnvFile(join(folder, "none"))).toEqual([]);
});
