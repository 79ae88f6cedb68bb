/**
 * Takes the pictures of `docs/screenshots/`: every page, on a desktop and a phone, light and dark.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { Person } from "../end-to-end/support/person";
import { Server } from "../end-to-end/support/server";
import { close, launch } from "../test-support/chromium";
import { Community } from "./community";
import { spreadOverThePast } from "./time";

const SCREENS: Record<string, BrowserContextOptions> = {
  desktop: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};
const THEMES = ["light", "dark"] as const;

/** Pages, by who sees them. */
const STRANGERS_PAGES = { join: "/room/1/join/", login: "/login/" };
const GUESTS_PAGES = { rooms: "/", leave: "/leave/?room=1" };
const ADMINISTRATORS_PAGES = {
  "admin-rooms": "/admin/rooms/",
  "admin-room": "/admin/rooms/1/",
  "admin-messages": "/admin/messages/",
};

export async function takeAll(): Promise<void> {
  const folder = process.env["PAPO_SCREENSHOTS"];
  if (folder === undefined) throw new Error("name the folder for the pictures in PAPO_SCREENSHOTS");
  await mkdir(folder, { recursive: true });
  await launch();
  const server = await Server.start();
  try {
    const administrator = await Person.arrive(server.url);
    const community = await Community.gather(server, administrator);
    for (const [screen, options] of Object.entries(SCREENS)) {
      for (const colorScheme of THEMES) {
        const path = (page: string): string => join(folder, `${page}-${screen}-${colorScheme}.png`);
        await takePages(server, administrator, community, { ...options, colorScheme, reducedMotion: "reduce" }, path);
      }
    }
    await takeChats(server, community, folder);
    community.disperse();
  } finally {
    await server.remove();
    await close();
  }
}

/** All pages but the chat. */
async function takePages(
  server: Server,
  administrator: Person,
  community: Community,
  options: BrowserContextOptions,
  path: (page: string) => string,
): Promise<void> {
  const sessions = [
    { pages: STRANGERS_PAGES, cookies: [] },
    { pages: GUESTS_PAGES, cookies: [community.self.browserCookie] },
    { pages: ADMINISTRATORS_PAGES, cookies: await administrator.context.cookies() },
  ];
  for (const { pages, cookies } of sessions) {
    const { context, page } = await Person.arrive(server.url, options);
    await spreadOverThePast(context);
    await context.addCookies(cookies);
    for (const [name, address] of Object.entries(pages)) {
      await page.goto(address);
      await page.screenshot({ path: path(name) });
    }
    await context.close();
  }
}

/** The chat on all screens at once, so that all are in another window when the news comes. */
async function takeChats(server: Server, community: Community, folder: string): Promise<void> {
  const views: { path: string; person: Person }[] = [];
  for (const [screen, options] of Object.entries(SCREENS)) {
    for (const colorScheme of THEMES) {
      const person = await Person.arrive(server.url, { ...options, colorScheme, reducedMotion: "reduce" });
      await spreadOverThePast(person.context);
      await person.context.addCookies([community.self.browserCookie]);
      await person.page.goto("/room/1/");
      await person.online();
      await lookAway(person.page);
      views.push({ path: join(folder, `chat-${screen}-${colorScheme}.png`), person });
    }
  }
  await community.tellNews();
  for (const { path, person } of views) {
    await person.page.locator(".new-marker").waitFor();
    await person.page.locator(".message").last().scrollIntoViewIfNeeded();
    community.someoneTypes();
    await person.page.locator(".typing-dots").waitFor();
    await person.page.screenshot({ path });
    await person.context.close();
  }
}

/** As if another tab were in front. */
async function lookAway(page: Page): Promise<void> {
  await page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
}
