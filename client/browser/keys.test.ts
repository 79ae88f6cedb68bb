/**
 * The log by keyboard: one stop of the tab key, and keys that move the focus and the view together.
 */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Visit, leave, visit } from "../test-support/browser";
import { close, launch, painted } from "../test-support/chromium";
import { SELF } from "../test-support/room";
import type { MockServer } from "../test-support/server";

const MARIA = { sender: "p8w2e6rt4y1cd", username: "Maria" };
/** The most stops of the tab key between header and composer. */
const MOST_STOPS = 6;

let current: Visit;

async function open(prepare: (server: MockServer) => void): Promise<Visit> {
  current = await visit(prepare);
  await current.page.getByText("Online", { exact: true }).waitFor();
  return current;
}

/** Messages with links, more than a page of them. */
function talk(count: number): (server: MockServer) => void {
  return ({ room }) => {
    for (let number = 1; number <= count; number += 1) {
      room.say(number % 5 === 0 ? SELF : MARIA, `message ${number} https://a.example/${number} https://b.example/`);
    }
  };
}

/** The number of the message that has the focus. */
const focused = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const text = document.activeElement?.matches(".message") && document.activeElement.textContent;
    return Number(/message (\d+)/.exec(text || "")?.[1] ?? NaN);
  });
const isOn = (page: Page, selector: string): Promise<boolean> =>
  page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector);
/** Whether the element with the focus is in the log's view, or fills it. */
const inView = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const box = document.activeElement!.getBoundingClientRect();
    const view = document.querySelector(".log")!.getBoundingClientRect();
    return box.top >= view.top - 1 && box.bottom <= view.bottom + 1;
  });

beforeAll(launch);
afterAll(close);
afterEach(async () => {
  expect(current.complaints).toEqual([]);
  await leave(current);
});

test("is one stop of the Tab key in both directions, and loads nothing", async () => {
  const { page, asked } = await open(talk(200));
  await page.waitForFunction(() => document.querySelectorAll(".message").length === 50);
  const rows = await page.locator(".message").count();
  await page.locator(".composer textarea").focus();
  const stops: string[] = [];
  for (let pressed = 0; pressed < 40 && !(await isOn(page, ".chat-header *")); pressed += 1) {
    await page.keyboard.press("Shift+Tab");
    stops.push(await page.evaluate(() => document.activeElement!.className));
  }
  expect(stops.filter((name) => name.includes("log"))).toHaveLength(1);
  expect(stops.length - 1).toBeLessThanOrEqual(MOST_STOPS);
  let pressed = 0;
  for (; pressed < 40 && !(await isOn(page, ".composer textarea")); pressed += 1) await page.keyboard.press("Tab");
  expect(pressed - 1).toBeLessThanOrEqual(MOST_STOPS);
  expect(await page.locator(".message").count()).toBe(rows);
  expect(asked.filter((path) => path.includes("/messages/"))).toEqual([]);
});

test("the arrows, Home, End, PageUp and PageDown move focus and view", async () => {
  const { page, asked } = await open(talk(200));
  await page.waitForFunction(() => document.querySelectorAll(".message").length === 50);
  await page.locator(".log").focus();
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(200);
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(199);
  await page.keyboard.press("ArrowDown");
  await expect.poll(() => focused(page)).toBe(200);
  await page.keyboard.press("PageUp");
  await expect.poll(() => focused(page)).toBeLessThan(197);
  const above = await focused(page);
  expect(await inView(page)).toBe(true);
  await page.keyboard.press("PageDown");
  await expect.poll(() => focused(page)).toBeGreaterThan(above);
  await page.keyboard.press("Home");
  await expect.poll(() => focused(page)).toBe(151);
  expect(await inView(page)).toBe(true);
  await page.keyboard.press("End");
  await expect.poll(() => focused(page)).toBe(200);
  expect(await inView(page)).toBe(true);
  await page.keyboard.press("Home");
  await expect.poll(() => focused(page)).toBe(151);
  expect(asked.filter((path) => path.includes("/messages/"))).toEqual([]);

  // Going up at the first row is what loads, a page at a time.
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(150);
  expect(await inView(page)).toBe(true);
  expect(asked.filter((path) => path.includes("/messages/"))).toHaveLength(1);
});

test("the arrows reach messages that aren't drawn yet", async () => {
  const { page } = await open(talk(700));
  await page.waitForFunction(() => document.querySelectorAll(".message").length === 50);
  await page.locator(".log").focus();
  await page.keyboard.press("ArrowUp");
  let first = 651;
  for (let pages = 0; pages < 9; pages += 1) {
    await page.keyboard.press("Home");
    await expect.poll(() => focused(page)).toBe(first);
    await page.keyboard.press("ArrowUp");
    await expect.poll(() => focused(page)).toBe(first - 1);
    first -= 50;
  }
  expect(await page.locator(".message").count()).toBeLessThanOrEqual(300);
  for (let number = first + 49; number < first + 400; number += 1) await page.keyboard.press("ArrowDown");
  await expect.poll(() => focused(page)).toBe(first + 400);
  expect(await page.locator(".message").count()).toBeLessThanOrEqual(300);
  await page.keyboard.press("End");
  await expect.poll(() => focused(page)).toBe(700);
}, 90_000);

test("links and buttons of a message are stops only while it has the focus", async () => {
  const { page } = await open(talk(20));
  await page.locator(".log").focus();
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(20);
  expect(await page.locator(".message a:not([tabindex])").count()).toBe(2);
  await page.keyboard.press("Tab");
  expect(await isOn(page, ".message a[href='https://a.example/20']")).toBe(true);
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(19);
  expect(await page.locator(".message a:not([tabindex])").count()).toBe(2);
  await page.locator(".composer textarea").focus();
  await expect.poll(() => page.locator(".message a:not([tabindex])").count()).toBe(0);
});

test("E edits, Delete asks, Enter opens the menu, and the focus comes back", async () => {
  const { page } = await open(talk(20));
  const input = page.locator(".composer textarea");
  await page.locator(".log").focus();
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(20);
  await page.keyboard.press("e");
  expect(await input.inputValue()).toMatch(/^message 20 /);
  await page.keyboard.press("Escape");
  await page.locator(".log").focus();
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(20);
  await page.keyboard.press("Delete");
  await page.getByRole("heading", { name: "Apagar esta mensagem?" }).waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => focused(page)).toBe(20);
  await page.keyboard.press("Enter");
  await page.locator(".message-menu").getByRole("button", { name: "Editar" }).waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => focused(page)).toBe(20);

  // Somebody else's: nothing to edit or delete, and the letters don't end up in the text.
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(19);
  for (const key of ["e", "Delete", "u"]) await page.keyboard.press(key);
  expect(await focused(page)).toBe(19);
  await page.keyboard.press("Enter");
  await page.locator(".message-menu").getByRole("button", { name: "Fechar" }).waitFor();
  expect(await page.locator(".message-menu").getByRole("button", { name: "Editar" }).count()).toBe(0);
  await page.keyboard.press("Escape");
  expect(await input.inputValue()).toBe("");
});

test("typing on the log goes to the composer; single letters do nothing elsewhere", async () => {
  const { page } = await open(talk(20));
  const input = page.locator(".composer textarea");
  await page.locator(".log").focus();
  await page.keyboard.press("e");
  expect(await isOn(page, ".composer textarea")).toBe(true);
  await page.keyboard.type("u?");
  expect(await input.inputValue()).toBe("eu?");
  await input.fill("");
  await page.locator(".log").focus();
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(20);
  await page.keyboard.type("oi");
  expect(await input.inputValue()).toBe("oi");
});

test("F6 goes from region to region, ? lists the keys, Escape goes to the composer", async () => {
  const { page } = await open(talk(20));
  const regions = [".sidebar *", ".chat-header *", ".log", ".composer textarea"];
  await page.locator(".composer textarea").focus();
  for (const region of [...regions, ...regions]) {
    await page.keyboard.press("F6");
    expect([region, await isOn(page, region)]).toEqual([region, true]);
  }
  for (const region of [...regions].reverse().slice(1)) {
    await page.keyboard.press("Shift+F6");
    expect([region, await isOn(page, region)]).toEqual([region, true]);
  }
  await page.locator(".log").focus();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Teclas" }).waitFor();
  await page.keyboard.press("Escape");
  expect(await isOn(page, ".log")).toBe(true);
  await page.keyboard.press("Escape");
  expect(await isOn(page, ".composer textarea")).toBe(true);
  const menu = page.getByRole("button", { name: "Opções da sala" });
  await menu.press("Enter");
  await page.getByRole("button", { name: "Teclas" }).press("Enter");
  await page.getByRole("dialog", { name: "Teclas" }).waitFor();
  expect(await page.locator("#room-menu").isVisible()).toBe(false);
  expect(await page.locator(".keys").getAttribute("tabindex")).toBe("0");
  await page.keyboard.press("Escape");
  await expect.poll(() => isOn(page, "[popovertarget='room-menu']")).toBe(true);
  expect(await page.locator("#room-menu").isVisible()).toBe(false);
});

test("the action chosen in a message's menu gets the focus", async () => {
  const { page } = await open(talk(20));
  const input = page.locator(".composer textarea");
  const menu = page.locator(".message-menu");
  await page.locator(".log").focus();
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(20);
  await page.keyboard.press("Enter");
  await menu.getByRole("button", { name: "Editar" }).press("Enter");
  // The dialog's event of closing comes later than the choice.
  await painted(page);
  await page.keyboard.press("End");
  await page.keyboard.type(" more");
  expect(await input.inputValue()).toMatch(/^message 20 .* more$/);
  await page.keyboard.press("Escape");
  await page.locator(".log").focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await menu.getByRole("button", { name: "Apagar" }).press("Enter");
  await page.getByRole("heading", { name: "Apagar esta mensagem?" }).waitFor();
  await painted(page);
  await page.keyboard.press("Escape");
  await expect.poll(() => focused(page)).toBe(20);
});

test("says when copying fails, and returns to the message when it succeeds", async () => {
  const { page } = await open(talk(20));
  const menu = page.locator(".message-menu");
  await page.evaluate(() => {
    const refusals = [new Error("denied")];
    navigator.clipboard.writeText = () => {
      const refusal = refusals.pop();
      return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
    };
  });
  await page.locator(".log").focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await menu.getByRole("button", { name: "Copiar o texto" }).press("Enter");
  await menu.getByText("O navegador não permite.").waitFor();
  await menu.getByRole("button", { name: "Copiar o texto" }).press("Enter");
  await expect.poll(() => focused(page)).toBe(20);
});

test("the button to the end leaves the focus in the log", async () => {
  const { page } = await open(talk(60));
  await page.waitForFunction(() => document.querySelectorAll(".message").length === 50);
  await page.locator(".log").evaluate((log) => (log.scrollTop = 0));
  await page.locator(".to-end").press("Enter");
  await page.locator(".to-end").waitFor({ state: "detached" });
  expect(await isOn(page, ".log")).toBe(true);
});

test("when the focused message is deleted, the focus stays in the log", async () => {
  const { page, room } = await open(talk(20));
  await page.locator(".log").focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(19);
  room.happen({ type: "deleted", target: 19 });
  await expect.poll(() => isOn(page, ".log")).toBe(true);
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(18);
});

test("the arrows scroll through a message higher than the view before the next one", async () => {
  const { page } = await open(({ room }) => {
    room.say(MARIA, "message 1");
    room.say(MARIA, `message 2\n${"line\n".repeat(80)}end`);
    room.say(MARIA, "message 3");
  });
  await page.locator(".log").focus();
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(3);
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(2);
  await page.keyboard.press("ArrowUp");
  expect(await focused(page)).toBe(2);
  for (let pressed = 0; pressed < 10 && (await focused(page)) === 2; pressed += 1) await page.keyboard.press("ArrowUp");
  expect(await focused(page)).toBe(1);
});

test("Shift U marks as unread from the message on, and so does its menu", async () => {
  const { page, room } = await open(talk(40));
  await page.locator(".log").focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Shift+U");
  await page.locator(".new-marker").waitFor();
  await expect.poll(() => page.title()).toBe("(1) Geral · Papo");
  expect([await focused(page), room.position]).toEqual([39, { seq: 38, version: 1 }]);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Marcar não lidas daqui" }).click();
  await expect.poll(() => page.title()).toBe("(2) Geral · Papo");
  expect([await focused(page), room.position]).toEqual([38, { seq: 37, version: 2 }]);
  // They stay so though they are on screen.
  await painted(page);
  expect(await page.title()).toBe("(2) Geral · Papo");
  await page.keyboard.press("Escape");
  await expect.poll(() => page.title()).toBe("Geral · Papo");
  await expect.poll(() => room.position).toEqual({ seq: 40, version: 2 });
});
