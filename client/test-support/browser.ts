/** A browser on the mock room. Needs `CHROMIUM`, the path of a Chromium; without it the browser tests are left out. */
import { readFileSync } from "node:fs";
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page, chromium } from "playwright-core";
import { MockServer } from "./server";

export const CHROMIUM = process.env["CHROMIUM"];
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
];
const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

let browser: Browser | undefined;

export async function launch(): Promise<void> {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

export async function close(): Promise<void> {
  await browser?.close();
}

export interface Visit {
  server: MockServer;
  room: MockServer["room"];
  context: BrowserContext;
  page: Page;
  /** What the browser complained about: errors, and violations of the content policy. */
  complaints: string[];
}

/** Opens the room after `prepare` has filled it. */
export async function visit(
  prepare?: (server: MockServer) => void,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const server = await new MockServer().start();
  prepare?.(server);
  const defaults = { locale: "pt-BR", timezoneId: "America/Sao_Paulo", viewport: { width: 800, height: 700 } };
  const context = await browser!.newContext({ ...defaults, ...options });
  const complaints: string[] = [];
  context.on("page", (page) => {
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("WebSocket connection"))
        complaints.push(message.text());
    });
  });
  const page = await context.newPage();
  await page.goto(`${server.url}/room/1/`);
  return { server, room: server.room, context, page, complaints };
}

export async function leave({ server, context }: Visit): Promise<void> {
  await context.close();
  server.stop();
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
