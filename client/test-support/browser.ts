/** A browser on the mock room. */
import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { openContext } from "./chromium";
import { MockServer } from "./server";

export interface Visit {
  server: MockServer;
  room: MockServer["room"];
  context: BrowserContext;
  page: Page;
  /** What the browser complained about: errors, and violations of the content policy. */
  complaints: string[];
  /** The paths that were asked for over HTTP. */
  asked: readonly string[];
}

/** Opens the room after `prepare` has filled it. */
export async function visit(
  prepare?: (server: MockServer) => void,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const server = await new MockServer().start();
  prepare?.(server);
  const complaints: string[] = [];
  const context = await openContext(complaints, options);
  const page = await context.newPage();
  await page.goto(`${server.url}/room/1/`);
  return { server, room: server.room, context, page, complaints, asked: server.asked };
}

export async function leave({ server, context }: Visit): Promise<void> {
  await context.close();
  server.stop();
}
