/**
 * What was on screen and what wasn't: after a lost connection, a hidden tab, a reload, and in
 * another tab.
 */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Visit, leave, visit } from "../test-support/browser";
import { close, launch, painted } from "../test-support/chromium";
import { SELF } from "../test-support/room";
import type { MockServer } from "../test-support/server";

const MARIA = { sender: "p8w2e6rt4y1cd", username: "Maria" };
const MISSED = 25;

let current: Visit;

function say({ room }: Pick<MockServer, "room">, first: number, last: number): void {
  for (let number = first; number <= last; number += 1) room.say(MARIA, `message ${number}`);
}

async function open(count: number, language = "pt-BR"): Promise<Visit> {
  current = await visit((server) => {
    server.language = language;
    say(server, 1, count);
  });
  await current.page.getByText("Online", { exact: true }).waitFor();
  // The position is written a moment after the screen has changed.
  await current.page.waitForFunction(
    (seq) => Object.entries(localStorage).some(([key, value]) => key.startsWith("papo.seen.") && value === String(seq)),
    count,
  );
  return current;
}

async function show(page: Page, visibility: "hidden" | "visible"): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, "visibilityState", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, visibility);
}

/** Whether an element stands within the log's view. */
async function onScreen(page: Page, selector: string): Promise<boolean> {
  return page.evaluate((wanted) => {
    const box = document.querySelector(wanted)?.getBoundingClientRect();
    const view = document.querySelector(".log")!.getBoundingClientRect();
    return box !== undefined && box.top >= view.top && box.bottom <= view.bottom;
  }, selector);
}

/** Scrolls half a view at a time, from here to the end of the log, and looks at each. */
async function readOn(page: Page): Promise<void> {
  const log = page.locator(".log");
  const scroll = (): Promise<boolean> =>
    log.evaluate((element) => {
      element.scrollBy(0, element.clientHeight / 2);
      return element.scrollHeight - element.scrollTop - element.clientHeight < 1;
    });
  do await painted(page);
  while (!(await scroll()));
  await painted(page);
}

const bar = (page: Page) => page.locator(".unread-bar");
const stored = (page: Page): Promise<string | null> =>
  page.evaluate(() => {
    const key = Object.keys(localStorage).find((name) => name.startsWith("papo.seen."));
    return key === undefined ? null : localStorage.getItem(key);
  });

beforeAll(launch);
afterAll(close);
afterEach(async () => {
  expect(current.complaints).toEqual([]);
  await leave(current);
});

async function expectMissed(page: Page, text: RegExp): Promise<void> {
  await bar(page).getByText(text).waitFor();
  await expect.poll(() => onScreen(page, ".new-marker")).toBe(true);
  expect(await page.locator(".new-marker + .message .message-text").innerText()).toBe("message 41");
}

test("after a dead connection the mark shows, and the bar counts and dates new messages", async () => {
  const { page, server } = await open(40);
  server.accepting = false;
  server.drop();
  // It stays away. Which other words stand there changes with each attempt to connect.
  await page.getByText("Online", { exact: true }).waitFor({ state: "hidden" });
  say(server, 41, 40 + MISSED);
  server.accepting = true;
  await page.getByText("Online", { exact: true }).waitFor({ timeout: 60_000 });
  await expectMissed(page, /^25 novas desde (\S+ .*, )?\d\d:\d\d$/);
}, 90_000);

test("a hidden tab marks nothing as seen, and the mark is on screen later", async () => {
  const { page, server } = await open(40);
  await show(page, "hidden");
  say(server, 41, 40 + MISSED);
  await expect.poll(() => page.title()).toBe("(25) Geral · Papo");
  await painted(page);
  expect(await page.title()).toBe("(25) Geral · Papo");
  await show(page, "visible");
  await expectMissed(page, /^25 novas desde/);
});

test("a reload opens at the first unseen message, in English too", async () => {
  const { page, server } = await open(40, "en");
  await page.goto("about:blank");
  say(server, 41, 40 + MISSED);
  await page.goto(`${server.url}/room/1/`);
  await expectMissed(page, /^25 new since/);
  await page.getByRole("button", { name: "Mark as read" }).click();
  await expect.poll(() => bar(page).count()).toBe(0);
  await expect.poll(() => stored(page)).toBe("65");
  await page.reload();
  await page.getByText("Online", { exact: true }).waitFor();
  expect(await page.locator(".new-marker").count()).toBe(0);
});

test.each(["pt-BR", "en"])("on a telephone the bar is one line of what a finger needs, in %s", async (language) => {
  const { page, server } = await open(40, language);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto("about:blank");
  say(server, 41, 240);
  await page.goto(`${server.url}/room/1/`);
  await bar(page)
    .getByText(/^50\+ /)
    .waitFor();
  const look = (): Promise<{ height: number; cut: number; buttons: number[] }> =>
    bar(page).evaluate((element) => {
      const shown = [...element.querySelectorAll<HTMLElement>("strong")].filter((part) => part.checkVisibility());
      return {
        height: element.getBoundingClientRect().height,
        cut: shown.filter((part) => part.scrollWidth > part.clientWidth).length + (shown.length - 1),
        buttons: [...element.querySelectorAll("button")].map((button) => button.getBoundingClientRect().height),
      };
    });
  expect(await look()).toEqual({ height: 44, cut: 0, buttons: [44, 44] });
  await bar(page).getByRole("button").first().click();
  await bar(page)
    .getByText(/^200 \S+$/)
    .waitFor();
  expect(await look()).toEqual({ height: 44, cut: 0, buttons: [44, 44] });
  expect(await bar(page).getAttribute("aria-label")).toMatch(/^200 .*\d\d?:\d\d/);
});

test("Escape in the composer marks all as read and keeps the focus there", async () => {
  const { page, server } = await open(40);
  await show(page, "hidden");
  say(server, 41, 40 + MISSED);
  await expect.poll(() => page.title()).toBe("(25) Geral · Papo");
  await show(page, "visible");
  await expectMissed(page, /^25 novas desde/);
  const input = page.locator(".composer textarea");
  await input.fill("oi");
  await input.press("Escape");
  await expect.poll(() => bar(page).count()).toBe(0);
  await expect.poll(() => stored(page)).toBe("65");
  expect(await input.inputValue()).toBe("oi");
  expect(await input.evaluate((element) => element === document.activeElement)).toBe(true);
});

test("reading to the end removes the bar, skipping doesn't", async () => {
  const { page, server } = await open(40);
  await show(page, "hidden");
  say(server, 41, 40 + MISSED);
  await expect.poll(() => page.title()).toBe("(25) Geral · Papo");
  await page.locator(".log").evaluate((log) => (log.scrollTop = log.scrollHeight));
  await show(page, "visible");
  await painted(page);
  expect(await page.title()).toBe("(25) Geral · Papo");
  await page.getByRole("button", { name: "Ir à primeira" }).click();
  await expect.poll(() => onScreen(page, ".new-marker")).toBe(true);
  await readOn(page);
  await expect.poll(() => bar(page).count()).toBe(0);
  await expect.poll(() => page.title()).toBe("Geral · Papo");
  await expect.poll(() => stored(page)).toBe("65");
});

test("leads to the first unread message even if it isn't loaded", async () => {
  const { page, server } = await open(40);
  await page.goto("about:blank");
  say(server, 41, 240);
  await page.goto(`${server.url}/room/1/`);
  await bar(page).getByText("50+ novas").waitFor();
  await page.getByRole("button", { name: "Ir à primeira" }).click();
  await bar(page)
    .getByText(/^200 novas desde/)
    .waitFor();
  await expect.poll(() => onScreen(page, ".new-marker")).toBe(true);
  expect(await page.locator(".new-marker + .message .message-text").innerText()).toBe("message 41");
});

test("waits for a page in flight, and skips no unloaded message", async () => {
  const { page, server, asked } = await open(40);
  await page.goto("about:blank");
  say(server, 41, 240);
  const release = server.holdPages();
  await page.goto(`${server.url}/room/1/`);
  await bar(page).getByText("50+ novas").waitFor();
  // The log opens at its top, so a page is asked for at once.
  await expect.poll(() => asked.filter((path) => path.endsWith("/messages/")).length).toBe(1);
  await readOn(page);
  expect([await bar(page).innerText(), await page.title()]).toEqual([
    expect.stringContaining("50+ novas"),
    // The server counts on where the page has no messages yet.
    "(99+) Geral · Papo",
  ]);
  expect(await stored(page)).toBe("40");
  await page.getByRole("button", { name: "Ir à primeira" }).click();
  // A page that is frozen paints nothing.
  await painted(page);
  release();
  await bar(page)
    .getByText(/^200 novas desde/)
    .waitFor();
  expect(await page.locator(".new-marker + .message .message-text").innerText()).toBe("message 41");
});

test("U leads to the next unread message", async () => {
  const { page, server } = await open(40);
  await show(page, "hidden");
  say(server, 41, 40 + MISSED);
  await expect.poll(() => page.title()).toBe("(25) Geral · Papo");
  await page.locator(".log").focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Home");
  await page.keyboard.press("u");
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.querySelector(".message-text")?.textContent))
    .toBe("message 41");
  expect(await onScreen(page, ".new-marker")).toBe(true);
});

test("two tabs share which messages were seen", async () => {
  const { page, server, context } = await open(40);
  await show(page, "hidden");
  say(server, 41, 45);
  await expect.poll(() => page.title()).toBe("(5) Geral · Papo");
  const other = await context.newPage();
  await other.goto(`${server.url}/room/1/`);
  await other.locator(".new-marker").waitFor();
  await expect.poll(() => page.title()).toBe("Geral · Papo");
});

test("a tab that lags doesn't undo what another tab has seen", async () => {
  const { page, server, context } = await open(40);
  const lagging = await context.newPage();
  let hold = false;
  const held: (() => void)[] = [];
  await lagging.routeWebSocket("**/ws/**", (socket) => {
    socket.connectToServer().onMessage((message) => {
      if (hold) held.push(() => socket.send(message));
      else socket.send(message);
    });
  });
  await lagging.goto(`${server.url}/room/1/`);
  await lagging.getByText("Online", { exact: true }).waitFor();
  await show(lagging, "hidden");
  hold = true;
  say(server, 41, 41);
  await expect.poll(() => stored(page)).toBe("41");
  await expect.poll(() => held.length).toBeGreaterThan(0);
  hold = false;
  held.forEach((send) => send());
  await lagging.getByText("message 41", { exact: true }).waitFor({ state: "attached" });
  await painted(page);
  expect([await lagging.title(), await stored(lagging)]).toEqual(["Geral · Papo", "41"]);
  await lagging.close();
});

test("the mark stays until the person answers, also after an earlier answer", async () => {
  const { page, server } = await open(40);
  const input = page.locator(".composer textarea");
  await input.fill("an answer");
  await input.press("Enter");
  await page.getByText("Enviada").waitFor({ state: "attached" });
  await show(page, "hidden");
  say(server, 42, 43);
  await expect.poll(() => page.title()).toBe("(2) Geral · Papo");
  await show(page, "visible");
  await expect.poll(() => page.title()).toBe("Geral · Papo");
  await painted(page);
  expect(await page.locator(".new-marker").count()).toBe(1);
  await input.fill("another");
  await input.press("Enter");
  await expect.poll(() => page.locator(".new-marker").count()).toBe(0);
});

test("messages that arrive on screen, and one's own, leave no mark", async () => {
  const { page, server } = await open(40);
  say(server, 41, 60);
  server.room.say(SELF, "from my telephone");
  await page.getByText("from my telephone").waitFor();
  expect(await page.locator(".new-marker, .unread-bar").count()).toBe(0);
  expect(await onScreen(page, ".log-part:last-child > .message:last-child .message-text")).toBe(true);
  await expect.poll(() => stored(page)).toBe("61");
});

test("tells the server what was on screen, and hears what was read on another device", async () => {
  const { page, server } = await open(40);
  say(server, 41, 42);
  await expect.poll(() => server.room.position).toEqual({ seq: 42, version: 0 });
  await show(page, "hidden");
  say(server, 43, 45);
  await expect.poll(() => page.title()).toBe("(3) Geral · Papo");
  server.room.readElsewhere({ seq: 44, version: 0 });
  await expect.poll(() => page.title()).toBe("(1) Geral · Papo");
  await expect.poll(() => stored(page)).toBe("44");
  expect(server.room.position).toEqual({ seq: 44, version: 0 });
});

test("in a browser that comes for the first time the mark stands where the person had read to", async () => {
  current = await visit((server) => {
    say(server, 1, 41);
    server.room.position = { seq: 38, version: 2 };
  });
  const { page, server } = current;
  await page.locator(".new-marker").waitFor();
  expect(await page.locator(".new-marker + .message .message-text").innerText()).toBe("message 39");
  await expect.poll(() => server.room.position).toEqual({ seq: 41, version: 2 });
  await expect.poll(() => page.title()).toBe("Geral · Papo");
});

test("what was marked as unread on another device stays so on screen, until one comes back", async () => {
  const { page, server } = await open(40);
  server.room.readElsewhere({ seq: 37, version: 1 });
  await expect.poll(() => page.title()).toBe("(3) Geral · Papo");
  say(server, 41, 41);
  await expect.poll(() => page.title()).toBe("(4) Geral · Papo");
  await painted(page);
  expect([await page.title(), server.room.position]).toEqual(["(4) Geral · Papo", { seq: 37, version: 1 }]);
  expect(await page.locator(".new-marker + .message .message-text").innerText()).toBe("message 38");
  await show(page, "hidden");
  await show(page, "visible");
  await expect.poll(() => page.title()).toBe("Geral · Papo");
  await expect.poll(() => server.room.position).toEqual({ seq: 41, version: 1 });
});
