/** Health, metrics, the contract itself, and the site of documents. */

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
    { settings, contract }: Resources,
    private readonly metrics: Metrics,
  ) {
    this.contract = contract;
    this.index = contract.get("x-docs-site").index;
    this.site = loadSite(settings, contract);
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
    ok(call, dumpJson(this.contract.document));

  /** Gives this document to the byte. */
  readonly getContractYaml = (call: Call<"getContractYaml">) =>
    ok(call, this.contract.source, "application/yaml");

  /** Leads to the first page of the site. */
  readonly getDocs = (call: Call<"getDocs">) =>
    moved(call.pathOf("getDocsPage", { page: this.index }));

  /** Gives a page of the site, or a file that a page needs. */
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
