/** Health, metrics, and the contract itself. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../config.js";
import { ping } from "../../db.js";
import { dumpJson } from "../../utils/json-text.js";
import { ok } from "../answers.js";
import type { Call } from "../call.js";
import { MEDIA_TYPE, type Metrics } from "../middleware/metrics.js";

const MISSING_DOCS = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Task Timer</title>
<p>The reference is not built yet: run <code>make docs</code>.</p>
</html>
`;

/** The handlers of operations about the server itself. */
export class System {
  private readonly page: string;

  constructor(
    settings: Settings,
    private readonly metrics: Metrics,
  ) {
    this.page = join(settings.docsPath, "index.html");
  }

  /** Answers without looking at anything else. */
  readonly getHealth = (call: Call<"getHealth">) => ok(call, { status: "ok" });

  /** Asks the database. */
  readonly getReadiness = async (call: Call<"getReadiness">) => {
    await ping();
    return ok(call, { status: "ready" });
  };

  /** Gives the metrics listed in `x-metrics`. */
  readonly getMetrics = async (call: Call<"getMetrics">) =>
    ok(call, Buffer.from(await this.metrics.text()), MEDIA_TYPE);

  /** Gives this document as JSON. */
  readonly getContractJson = (call: Call<"getContractJson">) =>
    ok(call, dumpJson(call.contract.document));

  /** Gives this document to the byte. */
  readonly getContractYaml = (call: Call<"getContractYaml">) =>
    ok(call, call.contract.source, "application/yaml");

  /** Gives this document as a page for people. */
  readonly getDocs = (call: Call<"getDocs">) => {
    const page = existsSync(this.page) ? readFileSync(this.page) : Buffer.from(MISSING_DOCS);
    return ok(call, page, "text/html; charset=utf-8");
  };

  /** Lists them all. */
  handlers() {
    const { getHealth, getReadiness, getMetrics, getContractJson, getContractYaml, getDocs } = this;
    return { getHealth, getReadiness, getMetrics, getContractJson, getContractYaml, getDocs };
  }
}
