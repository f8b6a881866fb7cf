/** Probes, metrics, the OpenAPI document and the documentation. */

import type { Contract } from "../../contract.js";
import { ping } from "../../db.js";
import type { Resources } from "../../resources.js";
import { PageNotFoundError } from "../../utils/errors.js";
import { dumpJson } from "../../utils/json-text.js";
import { moved, ok } from "../answers.js";
import type { Call } from "../call.js";
import { MEDIA_TYPE, type Metrics } from "../middleware/metrics.js";
import { loadSite, type SitePage } from "../site.js";

/** The handlers of operations about the server itself. */
export class System {
  private readonly contract: Contract;
  private readonly index: string;
  private readonly site: Map<string, SitePage>;

  constructor(
    resources: Resources,
    private readonly metrics: Metrics,
  ) {
    const { settings, contract } = resources;
    this.contract = contract;
    this.index = contract.get("x-docs-site").index;
    this.site = loadSite(settings, contract);
    metrics.watch(resources);
  }

  /** Responds without checking any dependency. */
  readonly getHealth = (call: Call<"getHealth">) => ok(call, { status: "ok" });

  /** Checks that the database responds. */
  readonly getReadiness = async (call: Call<"getReadiness">) => {
    await ping();
    return ok(call, { status: "ready" });
  };

  /** Returns the metrics defined in `x-metrics`. */
  readonly getMetrics = async (call: Call<"getMetrics">) =>
    ok(call, Buffer.from(await this.metrics.text()), MEDIA_TYPE);

  /** Returns the OpenAPI document as JSON. */
  readonly getContractJson = (call: Call<"getContractJson">) =>
    ok(call, dumpJson(this.contract.document));

  /** Returns the OpenAPI document byte for byte. */
  readonly getContractYaml = (call: Call<"getContractYaml">) =>
    ok(call, this.contract.source, "application/yaml");

  /** Redirects to the first page of the documentation. */
  readonly getDocs = (call: Call<"getDocs">) =>
    moved(call.pathOf("getDocsPage", { page: this.index }));

  /** Returns a page of the documentation, or a file that a page needs. */
  readonly getDocsPage = (call: Call<"getDocsPage">) => {
    const page = this.site.get(call.pathValues.page);
    if (page === undefined) throw new PageNotFoundError();
    const answer = ok(call, page.body, page.mediaType);
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
