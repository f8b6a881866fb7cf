/** Health, metrics, and the contract itself. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../config.js";
import { ping } from "../../db.js";
import { dumpJson } from "../../utils/json-text.js";
import { type Handlers, ok } from "../answers.js";
import { MEDIA_TYPE, type Metrics } from "../middleware/metrics.js";

const MISSING_DOCS = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Task Timer</title>
<p>The reference is not built yet: run <code>make docs</code>.</p>
</html>
`;

type SystemOperation =
  | "getHealth"
  | "getReadiness"
  | "getMetrics"
  | "getContractJson"
  | "getContractYaml"
  | "getDocs";

/** Makes the handlers of operations about the server itself. */
export function systemHandlers(settings: Settings, metrics: Metrics): Handlers<SystemOperation> {
  const page = join(settings.docsPath, "index.html");
  return {
    /** Answers without looking at anything else. */
    getHealth: (call) => ok(call, { status: "ok" }),

    /** Asks the database. */
    async getReadiness(call) {
      await ping();
      return ok(call, { status: "ready" });
    },

    /** Gives the metrics listed in `x-metrics`. */
    async getMetrics(call) {
      return ok(call, Buffer.from(await metrics.text()), MEDIA_TYPE);
    },

    /** Gives this document as JSON. */
    getContractJson: (call) => ok(call, dumpJson(call.contract.document)),

    /** Gives this document to the byte. */
    getContractYaml: (call) => ok(call, call.contract.source, "application/yaml"),

    /** Gives this document as a page for people. */
    getDocs(call) {
      const docs = existsSync(page) ? readFileSync(page) : Buffer.from(MISSING_DOCS);
      return ok(call, docs, "text/html; charset=utf-8");
    },
  };
}
