/** The documentation site: only files in its manifest, and only if all of them are valid. */

import { mkdtempSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { loadSite } from "../src/api/site.js";
import { configureLogging } from "../src/utils/logger.js";
import { test as base } from "./fixtures.js";
import { Log } from "./log.js";
import { running } from "./servers.js";

const POLICY = "default-src 'none'; connect-src 'self'; style-src 'self'";
const PAGE = { media_type: "text/html; charset=utf-8", content_security_policy: POLICY };
const STYLE = {
  media_type: "text/css; charset=utf-8",
  content_security_policy: "default-src 'none'",
};
const FONT = { media_type: "font/woff2", content_security_policy: "default-src 'none'" };
const HTML = "<!DOCTYPE html>\n<title>Ünder test</title>\n";
// Each with what the log says of it.
const BROKEN: Record<string, [pages: object | string, reason: RegExp]> = {
  "a manifest that is no JSON": ["{", /UTF-8/],
  "no pages": [{}, /^SiteError: site\.json: \/pages \w+ required$/],
  "no index": [{ "other.html": PAGE }, /^SiteError: site\.json: \/pages \w+ required$/],
  "a page that is missing": [{ "index.html": PAGE, "missing.html": PAGE }, /\/missing\.html'/],
  "a name that leads elsewhere": [
    { "index.html": PAGE, "../index.html": PAGE },
    /^SiteError: site\.json: \/pages \w+ /,
  ],
  "an unknown media type": [
    { "index.html": { ...PAGE, media_type: "text/plain" } },
    /^SiteError: site\.json: \/pages\/index\.html\/media_type \w+ enum$/,
  ],
  "no policy": [
    { "index.html": { media_type: "text/html; charset=utf-8" } },
    /^SiteError: site\.json: \/pages\/index\.html \w+ required$/,
  ],
  "a policy of two lines": [
    { "index.html": { ...PAGE, content_security_policy: "a\nb: c" } },
    /^SiteError: site\.json: \/pages\/index\.html\/content_security_policy \w+ pattern$/,
  ],
  "more bytes than allowed": [
    { "index.html": PAGE, "large.css": STYLE },
    /^SiteError: the files \D+ 33554432 bytes$/,
  ],
};

const test = base.extend<{ folder: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what is needed
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "site-"));
    writeFileSync(join(folder, "index.html"), HTML);
    writeFileSync(join(folder, "style.css"), "p {}");
    writeFileSync(join(folder, "font.woff2"), Buffer.of(0xff, 0x00));
    writeFileSync(join(folder, "unnamed.html"), HTML);
    writeManifest(folder, { "index.html": PAGE, "style.css": STYLE, "font.woff2": FONT });
    await use(folder);
    rmSync(folder, { recursive: true });
  },
});

function writeManifest(folder: string, pages: object | string): void {
  const text = typeof pages === "string" ? pages : JSON.stringify({ pages });
  writeFileSync(join(folder, "site.json"), text);
}

test("pages are served according to the manifest", async ({ folder, settings: _ }) => {
  await running({ DOCS_PATH: folder }, async ({ origin }) => {
    const answer = await fetch(`${origin}/docs/index.html`);
    expect(await answer.text()).toBe(HTML);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-security-policy": POLICY,
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    });
    const etag = answer.headers.get("ETag") ?? "";
    const again = await fetch(`${origin}/docs/index.html`, { headers: { "If-None-Match": etag } });
    expect(again.status).toBe(304);
    expect(again.headers.get("Content-Security-Policy")).toBe(POLICY);
    const font = await fetch(`${origin}/docs/font.woff2`);
    expect([...new Uint8Array(await font.arrayBuffer())]).toEqual([0xff, 0x00]);
    for (const name of ["unnamed.html", "site.json"]) {
      const missing = await fetch(`${origin}/docs/${name}`);
      expect(await missing.json()).toMatchObject({ code: "page_not_found" });
    }
    const moved = await fetch(`${origin}/docs`, { redirect: "manual" });
    expect(moved.headers.get("Location")).toBe("/docs/index.html");
  });
});

test("CORS origins are in connect-src", ({ settings, contract, folder }) => {
  const corsOrigins = ["https://a.example", "http://127.0.0.1:8001"];
  const site = loadSite({ ...settings, docsPath: folder, corsOrigins }, contract);
  const allowed = `'self' ${corsOrigins.join(" ")};`;
  expect(site.get("index.html")?.policy).toBe(POLICY.replace("'self';", allowed));
  expect(site.get("style.css")?.policy).toBe("default-src 'none'");
});

test("page without a manifest names make docs", ({ settings, contract, folder }) => {
  unlinkSync(join(folder, "site.json"));
  const site = loadSite({ ...settings, docsPath: folder }, contract);
  expect([...site.keys()]).toEqual(["index.html"]);
  expect(site.get("index.html")?.file.body.toString()).toContain("make docs");
  expect(site.get("index.html")?.file.mediaType).toBe("text/html; charset=utf-8");
  const policy = contract.get("x-response-headers")["Content-Security-Policy"];
  expect(site.get("index.html")?.policy).toBe(policy);
});

test("site of all allowed bytes is served", ({ settings, contract, folder }) => {
  writeFileSync(join(folder, "large.css"), "");
  const rest = contract.get("x-docs-site").total_bytes - Buffer.byteLength(HTML);
  truncateSync(join(folder, "large.css"), rest);
  writeManifest(folder, { "index.html": PAGE, "large.css": STYLE });
  const site = loadSite({ ...settings, docsPath: folder }, contract);
  expect([...site.keys()]).toEqual(["index.html", "large.css"]);
});

test.for(Object.entries(BROKEN))(
  "invalid site counts as missing: %s",
  ([, [pages, reason]], { settings, contract, folder }) => {
    writeFileSync(join(folder, "large.css"), "");
    truncateSync(join(folder, "large.css"), contract.get("x-docs-site").total_bytes);
    writeManifest(folder, pages);
    const log = new Log();
    configureLogging("info", log);
    const site = loadSite({ ...settings, docsPath: folder }, contract);
    expect([...site.keys()]).toEqual(["index.html"]);
    expect(site.get("index.html")?.file.body.toString()).toContain("make docs");
    const reported = { level: "warning", event: "site_unreadable" };
    expect(log.lines).toMatchObject([{ ...reported, reason: expect.stringMatching(reason) }]);
  },
);
