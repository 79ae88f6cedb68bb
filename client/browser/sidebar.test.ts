/** The sidebar and the change of rooms in a real browser, against mock rooms. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Visit, leave, visit } from "../test-support/browser";
import { accessibilityFaults, close, launch, overflow, painted } from "../test-support/chromium";
import { SELF } from "../test-support/room";
import type { MockServer } from "../test-support/server";

const MARIA = { sender: "p8w2e6rt4y1cd", username: "Maria" };
const DESK = { width: 1280, height: 800 };
let current: Visit;

async function open(prepare: (server: MockServer) => void, size = DESK): Promise<Visit> {
  current = await visit(prepare, { viewport: size, reducedMotion: "reduce" });
  await current.page.getByText("Online", { exact: true }).waitFor();
  return current;
}

/** Three rooms: Geral with many messages, Jogos with two unread ones, Música without any. */
function rooms(server: MockServer): void {
  for (let number = 1; number <= 120; number += 1) server.room.say(MARIA, `Geral ${number}`);
  const games = server.addRoom(2, "Jogos");
  for (let number = 1; number <= 5; number += 1) games.say(MARIA, `Jogos ${number}`);
  games.position = { seq: 3, version: 0 };
  server.addRoom(3, "Música").position = { seq: 0, version: 0 };
}

const link = (page: Page, name: string): ReturnType<Page["locator"]> =>
  page.locator(".sidebar-room", { hasText: name });
const title = (page: Page, name: string): Promise<void> => page.locator(".chat-name", { hasText: name }).waitFor();

beforeAll(launch);
afterAll(close);
afterEach(async () => {
  expect(current.complaints).toEqual([]);
  await leave(current);
});

test("a room opens under its address without a new page, and back and forward work", async () => {
  const { page, asked } = await open(rooms);
  await page.evaluate(() => Object.assign(window, { same: true }));
  await link(page, "Jogos").click();
  await title(page, "Jogos");
  expect(new URL(page.url()).pathname).toBe("/room/2/");
  await page.getByText("Jogos 5", { exact: true }).waitFor();
  await page.locator(".new-marker + .message", { hasText: "Jogos 4" }).waitFor();
  await expect.poll(() => page.title()).toBe("Jogos · Papo");
  expect(await page.evaluate(() => document.activeElement?.matches(".composer textarea"))).toBe(true);
  expect(await link(page, "Jogos").getAttribute("aria-current")).toBe("page");
  await page.goBack();
  await title(page, "Geral");
  await page.goForward();
  await title(page, "Jogos");
  expect(await page.evaluate(() => "same" in window)).toBe(true);
  expect(asked.filter((path) => path.startsWith("/room/"))).toEqual(["/room/1/"]);
});

test("a link opens in another tab as well", async () => {
  const { page, context } = await open(rooms);
  const opened = context.waitForEvent("page");
  await link(page, "Jogos").click({ modifiers: ["Control"] });
  const tab = await opened;
  await tab.locator(".chat-name", { hasText: "Jogos" }).waitFor();
  await title(page, "Geral");
});

test("what is typed, the place and the marker stay with their room", async () => {
  const { page } = await open(rooms);
  const input = page.getByLabel("Mensagem", { exact: true });
  await input.fill("ainda não");
  const read = page.getByText("Geral 90", { exact: true });
  await read.evaluate((element) => element.scrollIntoView({ block: "start" }));
  await painted(page);
  const place = (await read.boundingBox())?.y ?? NaN;
  await link(page, "Jogos").click();
  await title(page, "Jogos");
  expect(await input.inputValue()).toBe("");
  await link(page, "Geral").getByText("rascunho").waitFor({ state: "attached" });
  await link(page, "Geral").click();
  await title(page, "Geral");
  expect(await input.inputValue()).toBe("ainda não");
  await expect.poll(async () => Math.abs(((await read.boundingBox())?.y ?? NaN) - place)).toBeLessThan(2);
});

test("badges count what others say elsewhere, and go when it is read", async () => {
  const { page, server } = await open(rooms);
  const badge = (name: string): Promise<string[]> => link(page, name).locator(".unread-badge").allTextContents();
  expect(await badge("Jogos")).toEqual(["2"]);
  const music = server.addRoom(4, "Livros");
  await page.reload();
  await page.getByText("Online", { exact: true }).waitFor();
  music.say(MARIA, "um");
  music.say(SELF, "meu");
  music.say(MARIA, "dois");
  await expect.poll(() => badge("Livros")).toEqual(["2"]);
  await expect.poll(() => page.title()).toBe("(4) Geral · Papo");
  await link(page, "Livros").click();
  await title(page, "Livros");
  await expect.poll(() => badge("Livros")).toEqual([]);
  // Of a room that was shown before, too, and what was read there doesn't come back.
  server.room.say(MARIA, "Geral 121");
  await expect.poll(() => badge("Geral")).toEqual(["1"]);
  await link(page, "Geral").click();
  await page.getByText("Geral 121", { exact: true }).waitFor();
  await expect.poll(() => badge("Geral")).toEqual([]);
});

test("all is marked as read from the menu", async () => {
  const { page, server } = await open(rooms);
  await page.getByRole("button", { name: "Ajustes" }).click();
  await page.getByRole("button", { name: "Marcar tudo como lido" }).click();
  await expect.poll(() => page.locator(".sidebar .unread-badge").count()).toBe(0);
  expect(await page.title()).toBe("Geral · Papo");
  await page.reload();
  await page.getByText("Online", { exact: true }).waitFor();
  expect(await page.locator(".sidebar .unread-badge").count()).toBe(0);
  expect(server.room.position?.seq).toBe(120);
});

test("keys change the room: the next, the next with news, and any by its name", async () => {
  const { page } = await open(rooms);
  await page.keyboard.press("Alt+ArrowDown");
  await title(page, "Jogos");
  await page.keyboard.press("Alt+ArrowUp");
  await title(page, "Geral");
  await page.keyboard.press("Alt+ArrowUp");
  await title(page, "Música");
  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: "Ir para uma sala" });
  await field.waitFor();
  await page.keyboard.type("musica");
  await page.getByRole("option", { name: "Música", selected: true }).waitFor();
  expect(await page.getByRole("option").count()).toBe(1);
  expect(await accessibilityFaults(page)).toEqual([]);
  await field.fill("zzz");
  await page.getByText("Nenhuma sala sua tem esse nome.").waitFor();
  await field.fill("ge");
  await page.keyboard.press("Enter");
  await title(page, "Geral");
  expect(await page.evaluate(() => document.activeElement?.matches(".composer textarea"))).toBe(true);
});

test("the list is one stop of the tab key, and F6 leads to it", async () => {
  const { page } = await open(rooms);
  for (let press = 0; press < 4; press += 1) {
    await page.keyboard.press("F6");
    if (await page.evaluate(() => document.activeElement?.matches(".sidebar-room"))) break;
  }
  const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.getAttribute("title") ?? "");
  expect(await focused()).toBe("Geral");
  await page.keyboard.press("End");
  expect(await focused()).toBe("Música");
  await page.keyboard.press("ArrowUp");
  expect(await focused()).toBe("Jogos");
  expect(await page.locator(".sidebar-room[tabindex='0']").count()).toBe(1);
  await page.keyboard.press("Enter");
  await title(page, "Jogos");
});

test("a muted room is dimmed and has no badge, a hidden one isn't listed", async () => {
  const { page } = await open(rooms);
  await link(page, "Jogos").click({ button: "right" });
  const dialog = page.getByRole("dialog", { name: "Jogos" });
  await dialog.waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await dialog.getByRole("radio", { name: /^Nada/ }).check();
  await link(page, "Jogos").locator(".unread-badge").waitFor({ state: "detached" });
  await page.locator(".sidebar-room-muted", { hasText: "Jogos" }).waitFor();
  await dialog.getByRole("radio", { name: /^Oculta/ }).check();
  await link(page, "Jogos").waitFor({ state: "detached" });
  await dialog.getByRole("button", { name: "Fechar" }).click();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("jog");
  await page.keyboard.press("Enter");
  await title(page, "Jogos");
});

test("news out of sight show at the edge of the list", async () => {
  const { page } = await open((server) => {
    for (let number = 2; number <= 60; number += 1) {
      const room = server.addRoom(number, `Sala ${String(number).padStart(2, "0")}`);
      room.position = { seq: 0, version: 0 };
      if (number === 60) for (const text of ["um", "dois", "três"]) room.say(MARIA, text);
    }
  });
  await page.getByRole("button", { name: "3 novas" }).click();
  await expect.poll(() => page.getByRole("button", { name: "3 novas" }).count()).toBe(0);
  await link(page, "Sala 60").click();
  await title(page, "Sala 60");
});

test.each([360, 1024, 1440])("axe finds nothing, and nothing is too wide, %i px", async (width) => {
  const { page } = await open(rooms, { width, height: 760 });
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await accessibilityFaults(page)).toEqual([]);
  }
  expect(await overflow(page)).toBe(0);
  const isShown = await page.locator(".sidebar").isVisible();
  expect(isShown).toBe(width >= 768);
  if (!isShown) expect(await page.locator(".chat-home").innerText()).toContain("2");
});

test("a change of rooms is quick among 500, and a thousand of them cost no memory", { timeout: 240_000 }, async () => {
  const { page, context } = await open((server) => {
    for (let number = 2; number <= 500; number += 1) {
      const room = server.addRoom(number, `Sala ${number}`);
      for (let count = 1; count <= 30; count += 1) room.say(count % 3 ? MARIA : SELF, `${number}: ${count}`);
      room.position = { seq: 30, version: 0 };
    }
    for (let count = 1; count <= 30; count += 1) server.room.say(MARIA, `1: ${count}`);
  });
  /** Milliseconds from the click to the frame that shows the room's last message. */
  const change = (room: number): Promise<number> =>
    page.evaluate(async (number) => {
      const begin = performance.now();
      document.querySelector<HTMLElement>(`[data-room="${number}"]`)?.click();
      const isThere = (): boolean =>
        [...document.querySelectorAll(".message-text")].at(-1)?.textContent?.startsWith(`${number}: `) === true;
      do await new Promise(requestAnimationFrame);
      while (!isThere());
      return performance.now() - begin;
    }, room);
  const p95 = (times: number[]): number =>
    times.sort((left, right) => left - right)[Math.floor(times.length * 0.95)] ?? 0;
  const cold: number[] = [];
  for (let room = 2; room <= 41; room += 1) cold.push(await change(room));
  const warm: number[] = [];
  for (let round = 0; round < 40; round += 1) warm.push(await change(36 + (round % 6)));

  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  const measure = async (): Promise<Record<string, number>> => {
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    const wanted = ["Nodes", "JSEventListeners", "JSHeapUsedSize"];
    return Object.fromEntries(
      metrics.filter(({ name }) => wanted.includes(name)).map(({ name, value }) => [name, value]),
    );
  };
  const before = await measure();
  for (let changes = 0; changes < 1_000; changes += 1) await change(2 + (changes % 20));
  await change(2);
  const after = await measure();
  console.log(`a change of rooms, p95: cold ${p95(cold).toFixed(0)} ms, from memory ${p95(warm).toFixed(0)} ms`);
  console.log("before and after a thousand changes:", JSON.stringify(before), JSON.stringify(after));
  expect(after["Nodes"]).toBeLessThan((before["Nodes"] ?? 0) * 1.2 + 500);
  expect(after["JSEventListeners"]).toBeLessThan((before["JSEventListeners"] ?? 0) * 1.2 + 100);
  expect(after["JSHeapUsedSize"]).toBeLessThan((before["JSHeapUsedSize"] ?? 0) + 6_000_000);
});
