/** Probes, metrics, the OpenAPI document and the documentation. */

import { ping } from "../../db.js";
import type { Resources, Shutdown } from "../../resources.js";
import { look } from "../../services/replica-service.js";
import { PageNotFoundError, ShuttingDownError } from "../../utils/errors.js";
import { dumpJson } from "../../utils/json-text.js";
import { JSON_TYPE, moved, ok, okStatic, type StaticFile, staticFile } from "../answers.js";
import type { Call } from "../call.js";
import { MEDIA_TYPE, type Metrics } from "../middleware/metrics.js";
import { loadSite, type SitePage } from "../site.js";

/** The handlers of operations about the server itself. */
export class System {
  private readonly json: StaticFile;
  private readonly yaml: StaticFile;
  private readonly index: string;
  private readonly site: Map<string, SitePage>;
  private readonly shutdown: Shutdown;

  constructor(
    resources: Resources,
    private readonly metrics: Metrics,
  ) {
    const { settings, contract, shutdown } = resources;
    this.json = staticFile(dumpJson(contract.document), JSON_TYPE);
    this.yaml = staticFile(contract.source, "application/yaml");
    this.index = contract.get("x-docs-site").index;
    this.site = loadSite(settings, contract);
    this.shutdown = shutdown;
    metrics.watch(resources);
  }

  /** Responds without checking any dependency. */
  readonly getHealth = (call: Call<"getHealth">) => ok(call, { status: "ok" });

  /** Checks that the server is not shutting down, and that the database responds. */
  readonly getReadiness = async (call: Call<"getReadiness">) => {
    if (this.shutdown.hasBegun) throw new ShuttingDownError();
    await ping();
    const state = await look();
    return ok(call, { status: "ready", ...(state && { read_replica: state }) });
  };

  /** Returns the metrics defined in `x-metrics`. */
  readonly getMetrics = async (call: Call<"getMetrics">) =>
    ok(call, Buffer.from(await this.metrics.text()), MEDIA_TYPE);

  /** Returns the OpenAPI document as JSON. */
  readonly getContractJson = () => okStatic(this.json);

  /** Returns the OpenAPI document byte for byte. */
  readonly getContractYaml = () => okStatic(this.yaml);

  /** Redirects to the first page of the documentation. */
  readonly getDocs = (call: Call<"getDocs">) =>
    moved(call.pathOf("getDocsPage", { page: this.index }));

  /** Returns a page of the documentation, or a file that a page needs. */
  readonly getDocsPage = (call: Call<"getDocsPage">) => {
    const page = this.site.get(call.pathValues.page);
    if (page === undefined) throw new PageNotFoundError();
    const answer = okStatic(page.file);
    answer.headers["Content-Security-Policy"] = page.policy;
    return answer;
  };

  /** Lists them all. */
  handlers() {
    const { getHealth, getReadiness, getMetrics, getContractJson, getContractYaml } = this;
    const { getDocs, getDocsPage } = this;
    return {
      getHealth,
      getReadiness,
      getMetrics,
      getContractJson,
      getContractYaml,
      getDocs,
      getDocsPage,
    };
  }
}
