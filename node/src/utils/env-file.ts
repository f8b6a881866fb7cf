/** Files of environment variables, as libraries of both runtimes read them alike. */

import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { loadEnvFile } from "node:process";

/**
 * What is odd has quotes around it, and neither quotes nor backslashes in it: of `A=b#c`, `A="b\tc"`
 * or `A=b\` each library makes something else.
 */
const WORD = String.raw`[!$-&(-\[\]-_a-~]+`;
const VALUE = String.raw`(?:${WORD}(?: +${WORD})*)?|'[^'\\\r\ufffd]*'|"[^"\\\r\ufffd]*"`;
const LINE = new RegExp(
  String.raw`^(?:[ \t]*(?:#[^\r\ufffd]*)?|` +
    String.raw`(?:export )?[A-Za-z_][A-Za-z0-9_]*=(?:${VALUE})(?:[ \t]+#[^\r\ufffd]*)?[ \t]*)$`,
);

/** Adds the variables of a file, if there is one, to those that are set; or lists its faults. */
export function readEnvFile(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return [];
  const lines = readFileSync(path, "utf-8").replaceAll("\r\n", "\n").split("\n");
  const faults = lines.flatMap((line, at) =>
    LINE.test(line) ? [] : [`${basename(path)}: line ${at + 1} must look like NAME=value`],
  );
  if (faults.length === 0) loadEnvFile(path);
  return faults;
}
