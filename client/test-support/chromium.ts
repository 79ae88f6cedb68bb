/** Chromium: found, launched once for each test file, and pages that note whatever goes wrong in them. */
import { existsSync, readFileSync } from "node:fs";
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

/** What the browser itself writes when there is no connection, or when a page's answer is an error. */
const SOCKET_FAILED = /^WebSocket connection to/;
const PAGE_FAILED = /^Failed to load resource: (net::ERR_|the server responded with a status of 4)/;

let browser: Browser | undefined;

export async function launch(): Promise<void> {
  browser = await chromium.launch({ executablePath: findChromium(), args: ARGUMENTS });
}

export async function close(): Promise<void> {
  await browser?.close();
}

/** A profile of its own; what goes wrong in its pages is added to `complaints`: errors, violations of the content policy. */
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
