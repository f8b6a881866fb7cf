/** The documentation site, loaded into memory at startup. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../config.js";
import type { Contract } from "../contract.js";
import { parseJson } from "../utils/json-text.js";
import { logger } from "../utils/logger.js";
import { type StaticFile, staticFile } from "./answers.js";

const HTML = "text/html; charset=utf-8";
const MISSING = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Task Timer</title>
<p>The site is not built yet: run <code>make docs</code>, and start the server again.</p>
</html>
`;

/** The files do not satisfy `x-docs-site`. */
export class SiteError extends Error {
  override readonly name = "SiteError";
}

/** A page, or a file that a page needs. policy: its Content-Security-Policy. */
export interface SitePage {
  file: StaticFile;
  policy: string;
}

type Entries = Record<string, { media_type: string; content_security_policy: string }>;

/** Returns the pages by name; without a site, one that says how to build it. */
export function loadSite(settings: Settings, contract: Contract): Map<string, SitePage> {
  const rules = contract.get("x-docs-site");
  try {
    if (existsSync(join(settings.docsPath, rules.manifest))) return read(settings, contract);
  } catch (error) {
    logger().warning({ reason: String(error) }, "site_unreadable");
  }
  const policy = contract.get("x-response-headers")["Content-Security-Policy"] ?? "";
  return new Map([[rules.index, { file: staticFile(Buffer.from(MISSING), HTML), policy }]]);
}

function read(settings: Settings, contract: Contract): Map<string, SitePage> {
  const rules = contract.get("x-docs-site");
  const folder = settings.docsPath;
  const data = readFileSync(join(folder, rules.manifest));
  const manifest = parseJson(data, contract.get("x-limits").json_depth) as { pages: Entries };
  const validator = contract.reader.validator(rules.manifest_schema, "response");
  for (const { pointer, rule } of validator.violations(manifest)) {
    throw new SiteError(`${rules.manifest}: ${pointer} breaks ${rule}`);
  }
  const entries = Object.entries(manifest.pages);
  if (sizeOf(folder, Object.keys(manifest.pages)) > rules.total_bytes) {
    throw new SiteError(`the files are larger than ${rules.total_bytes} bytes`);
  }
  const allowed = [rules.connect_source, ...settings.corsOrigins].join(" ");
  return new Map(
    entries.map(([name, entry]) => [
      name,
      {
        file: staticFile(readFileSync(join(folder, name)), entry.media_type),
        policy: entry.content_security_policy.replaceAll(rules.connect_source, () => allowed),
      },
    ]),
  );
}

function sizeOf(folder: string, names: string[]): number {
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
