/**
 * Chromium: found, launched once for each test file, and pages that note whatever goes wrong in
 * them.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type ConsoleMessage,
  type Page,
  chromium,
} from "playwright-core";

const DEBIAN_CHROMIUM = "/usr/bin/chromium";
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/**
 * What the browser itself writes when there is no connection, or when a page's answer is an error.
 */
const SOCKET_FAILED = /^WebSocket connection to/;
const PAGE_FAILED = /^Failed to load resource: (net::ERR_|the server responded with a status of 4)/;

let browser: Browser | undefined;

export async function launch(): Promise<void> {
  browser = await chromium.launch({ executablePath: findChromium(), args: ARGUMENTS });
}

/** The oldest Chromium that the chat is built for. */
export async function launchOldest(): Promise<void> {
  browser = await chromium.launch({ executablePath: oldestChromium(), args: ARGUMENTS });
}

export async function close(): Promise<void> {
  await browser?.close();
}

/**
 * A profile of its own; what goes wrong in its pages is added to `complaints`: errors, violations
 * of the content policy.
 */
export async function openContext(complaints: string[], options: BrowserContextOptions = {}): Promise<BrowserContext> {
  if (browser === undefined) throw new Error("launch() comes first");
  const defaults = { locale: "pt-BR", timezoneId: "America/Sao_Paulo", viewport: { width: 800, height: 700 } };
  const context = await browser.newContext({ ...defaults, ...options });
  context.on("page", (page) => {
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !isExpected(message)) complaints.push(message.text());
    });
  });
  return context;
}

/** What axe finds wrong with the page as it is. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  return page.evaluate(async (source) => {
    const load = new Function(`${source}; return axe`) as () => { run(): Promise<{ violations: Violation[] }> };
    type Violation = { id: string; nodes: { html: string }[] };
    const { violations } = await load().run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }, AXE);
}

/** By how many pixels the page is wider than the screen. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** When what was asked of the page is painted: after two frames. */
export async function painted(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
  );
}

/**
 * What can be touched, is seen and is smaller than so many pixels either way. Links of a message
 * are part of its text.
 */
export async function smallTargets(page: Page, pixels: number): Promise<string[]> {
  return page.evaluate((least) => {
    const seen = [...document.querySelectorAll<HTMLElement>("a, button, input, select, textarea, summary")]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }))
      .filter((element) => element.closest(".message-text, .sr-only, .skip-link:not(:focus)") === null);
    return seen.flatMap((element) => {
      // A checkbox is touched by its label too.
      const target = element.closest("label") ?? element;
      const { width, height } = target.getBoundingClientRect();
      if (Math.min(width, height) > least - 0.1) return [];
      return [`${element.outerHTML.slice(0, 80)} is ${width} × ${height}`];
    });
  }, pixels);
}

function isExpected(message: ConsoleMessage): boolean {
  const text = message.text();
  return SOCKET_FAILED.test(text) || (PAGE_FAILED.test(text) && !message.location().url.includes("/static/"));
}

function findChromium(): string {
  const path = process.env["PAPO_CHROMIUM"] ?? DEBIAN_CHROMIUM;
  if (existsSync(path)) return path;
  throw new Error(
    `there is no Chromium at ${path}: install it (on Debian: apt-get install chromium), or name one in PAPO_CHROMIUM`,
  );
}

/** It comes with a package, compressed. */
function oldestChromium(): string {
  const folder = fileURLToPath(new URL("../node_modules/@sparticuz/chromium/bin/", import.meta.url));
  const path = `${folder}chromium`;
  if (!existsSync(path)) {
    writeFileSync(`${path}.part`, brotliDecompressSync(readFileSync(`${path}.br`)), { mode: 0o755 });
    renameSync(`${path}.part`, path);
  }
  return path;
}
