// Loads pages in headless Chromium and reports what it observed.
//
//   node look.mjs < visits.json > sights.json
//
// visits.json: { program?, visits: [{ url, ready?, unjudged?, paints?, steps? }] }. `ready` is an
// expression that becomes true once the page is drawn, `unjudged` are selectors that axe
// ignores, `paints` is how often the page is loaded to measure its first paint, and `steps` are
// ["click", selector], ["press", key], ["evaluate", expression] or ["wait", expression] in turn.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { chromium } from "playwright-core";

const WIDTHS = [360, 768, 1400];
const SCHEMES = ["light", "dark"];
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const MOST_TABS = 12;
const WAIT_MS = 30_000;
const POLL_MS = 20;
const PACKAGED = "../browser/node_modules/@sparticuz/chromium/build/esm/index.js";
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function open(browser, visit, scheme) {
  const context = await browser.newContext({
    colorScheme: scheme,
    viewport: { width: 1400, height: 900 },
  });
  const page = await context.newPage();
  const seen = { requests: [], complaints: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) seen.complaints.push(message.text());
  });
  await page.goto(visit.url);
  if (visit.ready) await waitFor(page, visit.ready);
  return { context, page, seen };
}

// Like the library's waitForFunction, whose string form needs 'unsafe-eval' in the page's policy.
async function waitFor(page, expression) {
  const end = Date.now() + WAIT_MS;
  while (!(await page.evaluate(expression))) {
    if (Date.now() > end) throw new Error(`${page.url()}: never true: ${expression}`);
    await page.waitForTimeout(POLL_MS);
  }
  return true;
}

async function firstPaints(browser, visit) {
  const paints = [];
  for (let round = 0; round < (visit.paints ?? 0); round += 1) {
    const { context, page } = await open(browser, visit, "light");
    const paint = await page.waitForFunction(
      () => performance.getEntriesByName("first-paint")[0]?.startTime,
    );
    paints.push(await paint.jsonValue());
    await context.close();
  }
  return paints;
}

async function violations(page, runOnly, unjudged = []) {
  await page.evaluate(`${AXE};0`);
  const result = await page.evaluate(
    ([runOnly, exclude]) => axe.run({ exclude }, { runOnly, resultTypes: ["violations"] }),
    [runOnly, unjudged],
  );
  return result.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`),
  );
}

async function tooWide(page) {
  const found = [];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) {
      found.push(width);
    }
  }
  return found;
}

// Returns the texts of the elements that the Tab key reaches from the top of the page.
async function tabStops(page) {
  const stops = [];
  for (let count = 0; count < MOST_TABS; count += 1) {
    await page.keyboard.press("Tab");
    stops.push(await page.evaluate(() => document.activeElement.textContent.trim().slice(0, 80)));
  }
  return stops;
}

async function skipsToMain(page) {
  await page.locator(".skip").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  return page.evaluate(() => document.activeElement.closest("main, footer") !== null);
}

async function take(page, [action, value]) {
  if (action === "click") return page.click(value);
  if (action === "press") return page.keyboard.press(value);
  if (action === "wait") return waitFor(page, value);
  return page.evaluate(value);
}

async function look(browser, visit) {
  const { context, page, seen } = await open(browser, visit, "light");
  const steps = [];
  for (const step of visit.steps ?? []) steps.push((await take(page, step)) ?? null);
  const stops = await tabStops(page);
  const skips = await skipsToMain(page);
  // Expand everything, so that everything is checked.
  await page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
    for (const element of document.body.querySelectorAll("*")) {
      element.style.contentVisibility = "visible";
    }
  });
  const wide = await tooWide(page);
  const judged = {};
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme });
    // A scheme changes only colours.
    const rules = scheme === "light" ? RULES : ["color-contrast"];
    judged[scheme] = await violations(page, rules, visit.unjudged);
  }
  await context.close();
  return {
    url: visit.url,
    ...seen,
    paints: await firstPaints(browser, visit),
    too_wide: wide,
    violations: judged,
    tab_stops: stops,
    skips_to_main: skips,
    steps,
  };
}

// Returns the browser of tooling/browser, for machines without one.
async function packaged() {
  // With this variable, as on AWS Lambda, it also unpacks the libraries that it needs.
  process.env.AWS_LAMBDA_JS_RUNTIME ??= "nodejs20.x";
  const { default: chromium } = await import(PACKAGED);
  return chromium.executablePath();
}

const { program, visits } = JSON.parse(await text(process.stdin));
const browser = await chromium.launch({
  executablePath: program ?? (await packaged()),
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-quic"],
});
try {
  const sights = [];
  for (const visit of visits) sights.push(await look(browser, visit));
  process.stdout.write(JSON.stringify(sights));
} finally {
  await browser.close();
}
