/**
 * The log for the ear, in a translated page, on paper, on a very low screen, and in its first
 * frame.
 */
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Visit, leave, visit } from "../test-support/browser";
import { close, launch, smallTargets } from "../test-support/chromium";
import { SELF } from "../test-support/room";
import type { MockServer } from "../test-support/server";

const BIA = { sender: "p8w2e6rt4y1cd", username: "Bia" };
const MOST_ROWS_OF_A_FRAME = 20;

let current: Visit;

async function open(prepare: (server: MockServer) => void, options: BrowserContextOptions = {}): Promise<Visit> {
  current = await visit(prepare, options);
  await current.page.getByText("Online", { exact: true }).waitFor();
  return current;
}

function fill(count: number): (server: MockServer) => void {
  return ({ room }) => {
    for (let number = 1; number <= count; number += 1) room.say(BIA, `message ${number}`);
  };
}

/**
 * Does what browsers' translators do: puts elements with texts of their own in place of text nodes,
 * now and later.
 */
async function translate(page: Page): Promise<void> {
  await page.evaluate(() => {
    const replace = (root: Node): void => {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      const texts: Text[] = [];
      while (walker.nextNode()) texts.push(walker.currentNode as Text);
      for (const text of texts) {
        if (text.data.trim() === "" || text.parentElement?.closest("font, textarea, script")) continue;
        const font = document.createElement("font");
        font.append(document.createElement("font"));
        font.firstElementChild!.textContent = text.data;
        text.replaceWith(font);
      }
    };
    const chat = document.getElementById("chat")!;
    replace(chat);
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) addedNodes.forEach(replace);
    }).observe(chat, { childList: true, subtree: true });
  });
}

beforeAll(launch);
afterAll(close);
afterEach(async () => {
  expect(current.complaints).toEqual([]);
  await leave(current);
});

test.each(["pt-BR", "en"])(
  "each message has a name: sender, text, time, state; the log itself is silent, %s",
  async (language) => {
    const { page } = await open((server) => {
      server.language = language;
      server.room.say(BIA, "bom dia");
      server.room.say(BIA, "tudo bem?", 0);
      server.room.say(SELF, "tudo!");
      server.room.happen({ type: "edited", target: 2, message: "tudo certo?" });
    });
    const portuguese = language === "pt-BR";
    const time = portuguese ? "\\d\\d:\\d\\d" : "\\d+:\\d\\d.?(AM|PM)?";
    const named = (pattern: string) => page.getByRole("article", { name: new RegExp(pattern) });
    await named(`^Bia.*: bom dia ${time}$`).waitFor();
    await named(`^Bia.*: tudo certo\\? \\(${portuguese ? "editada" : "edited"}\\) ${time}$`).waitFor();
    await named(`^João.*: tudo! ${time} ${portuguese ? "Enviada" : "Sent"}$`).waitFor();
    expect(await page.getByRole("log").getAttribute("aria-live")).toBe("off");
  },
);

test("a screen reader hears sentences, and one for a burst", async () => {
  const { page, room } = await open(fill(3));
  const heard = page.locator(".announcer");
  room.say(BIA, "bom dia");
  await expect.poll(() => heard.innerText()).toBe("Bia: bom dia");
  room.happen({ type: "edited", target: 4, message: "boa tarde" });
  await expect.poll(() => heard.innerText()).toBe("Bia editou: boa tarde");
  room.happen({ type: "deleted", target: 4 });
  await expect.poll(() => heard.innerText()).toBe("Bia apagou uma mensagem");
  for (let number = 1; number <= 5; number += 1) room.say(BIA, `burst ${number}`);
  await expect.poll(() => heard.innerText()).toBe("5 mensagens novas");
  expect(await heard.getAttribute("aria-live")).toBe("polite");
});

test("a translated page follows edits, states, counts and the connection", async () => {
  const { page, room, server } = await open(fill(60));
  room.gather([SELF, BIA]);
  await page.getByRole("button", { name: /2.* pessoas online/ }).waitFor();
  await translate(page);
  room.happen({ type: "edited", target: 60, message: "another text" });
  await expect.poll(() => page.locator(".message-text").last().innerText()).toBe("another text");
  await page.getByText("(editada)").waitFor();
  room.say(BIA, "one more");
  await expect.poll(() => page.locator(".message-text").last().innerText()).toBe("one more");
  room.happen({ type: "deleted", target: 62 });
  await expect.poll(() => page.locator(".message-text").last().innerText()).toBe("another text");
  room.gather([SELF, BIA, { sender: "z9y8x7w6v5u4t", username: "Caio" }]);
  await expect.poll(() => page.locator(".people-number").innerText()).toBe("3");
  room.broadcast({ type: "typing", room: 1, ...BIA });
  await page.getByText(/Bia.* está escrevendo/).waitFor();
  room.happen({ type: "room", name: "Novo nome", description: "", active: true });
  await page.getByRole("heading", { name: "Novo nome" }).waitFor();
  await page.locator(".people-button").click();
  room.gather([SELF, { ...BIA, username: "Beatriz" }]);
  await page.locator(".person", { hasText: "Beatriz" }).waitFor();
  expect(await page.locator(".person", { hasText: "Bia" }).count()).toBe(0);
  await page.keyboard.press("Escape");
  await page.locator(".log").evaluate((log) => (log.scrollTop -= 700));
  room.say(BIA, "below");
  await page.getByRole("button", { name: /^\S?1\S? nova mensagem/ }).waitFor();
  room.say(BIA, "below too");
  await page.getByRole("button", { name: /^\S?2\S? novas mensagens/ }).waitFor();
  const mine = page.locator(".message", { hasText: /mine/ });
  for (const text of ["mine one", "mine two"]) {
    const count = await mine.count();
    room.say(SELF, text);
    await expect.poll(() => mine.count()).toBe(count + 1);
  }
  for (const text of ["mine one", "mine two"]) {
    await mine.filter({ hasText: text }).hover();
    await mine.filter({ hasText: text }).getByRole("button", { name: "Apagar" }).click();
    await expect.poll(() => page.locator(".dialog-quote").innerText()).toBe(text);
    await page.getByRole("dialog").getByRole("button", { name: "Cancelar" }).click();
  }
  await page.evaluate(() => (Math.random = () => 0.999));
  await page.route("**/messages/**", (route) => route.abort());
  server.accepting = false;
  server.drop();
  await expect.poll(() => page.locator(".status").innerText()).toBe("Desconectado");
  // The countdown goes on, and gives way to what follows.
  const notice = page.locator(".connection-notice");
  const seconds = async (): Promise<number> => Number(/\d+/.exec(await notice.innerText())?.[0]);
  await notice.getByText(/Reconecta em .?[4-9]/).waitFor();
  const first = await seconds();
  await expect.poll(seconds).toBeLessThan(first);
  server.accepting = true;
  await notice.getByRole("button").click();
  await expect.poll(() => page.locator(".status").innerText()).toBe("Online");
  room.answer = { code: "rate_limited", message: "", retry: 30 };
  await page.locator(".composer textarea").fill("mine three");
  await page.locator(".composer textarea").press("Enter");
  await notice.getByText(/a próxima sai em/).waitFor();
  await mine.filter({ hasText: "aguardando a vez" }).waitFor();
  server.accepting = false;
  server.drop();
  await mine.filter({ hasText: "aguardando a conexão" }).waitFor();
});

test("prints all loaded messages and no buttons", async () => {
  const { page } = await open(fill(400));
  await page.waitForFunction(() => document.querySelectorAll(".message").length === 50);
  await expect
    .poll(async () => {
      await page.locator(".log").evaluate((log) => (log.scrollTop = 0));
      return page.getByText("Aqui começa a conversa.").count();
    })
    .toBe(1);
  expect(await page.locator(".message").count()).toBeLessThanOrEqual(300);
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  expect(await page.locator(".message").count()).toBe(400);
  const heights = await page.evaluate(() => [
    document.documentElement.scrollHeight,
    document.querySelector(".log")!.clientHeight,
  ]);
  expect(heights[0]).toBeGreaterThan(10_000);
  expect(heights[1]).toBeGreaterThan(10_000);
  expect(await page.locator("button:visible, textarea:visible, a:visible").count()).toBe(0);
  await page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
  expect(await page.locator(".message").count()).toBeLessThanOrEqual(300);
});

test("prints no buttons without a network either", async () => {
  const { page, server } = await open(fill(3));
  await page.evaluate(() => (Math.random = () => 0.999));
  await page.route("**/messages/**", (route) => route.abort());
  server.accepting = false;
  server.drop();
  // For so long the notice stays as it is.
  await page.locator(".connection-notice", { hasText: /Reconecta em .?[4-9]/ }).waitFor();
  await page.emulateMedia({ media: "print" });
  expect(await page.locator("button:visible, textarea:visible, a:visible, .connection-notice:visible").count()).toBe(0);
});

test("on a screen of 320 × 256 with a draft the log is still readable", async () => {
  const { page, room } = await open(fill(30), { viewport: { width: 320, height: 256 } });
  const input = page.locator(".composer textarea");
  await input.fill("a draft\nof\nmore\nthan\nthree\nlines");
  const visible = await page.evaluate(() => {
    const log = document.querySelector(".log")!.getBoundingClientRect();
    const composer = document.querySelector(".composer")!.getBoundingClientRect();
    return { log: Math.min(log.bottom, innerHeight) - Math.max(log.top, 0), bottom: composer.bottom - innerHeight };
  });
  expect(visible.log).toBeGreaterThan(80);
  expect(visible.bottom).toBeLessThanOrEqual(1);
  expect((await input.boundingBox())!.height).toBeLessThanOrEqual(90);
  await page.locator(".log").evaluate((log) => (log.scrollTop = 0));
  room.say(BIA, "one more");
  await page.locator(".unread-bar").waitFor();
  await page.locator(".to-end").waitFor();
  expect(await smallTargets(page, 44)).toEqual([]);
  expect((await page.locator(".log").boundingBox())!.height).toBeGreaterThan(42);
});

test("draws few rows first and the rest when idle; dates only under the pointer", async () => {
  current = await visit(fill(60));
  const { page } = current;
  await page.addInitScript(() => {
    Object.assign(window, { requestIdleCallback: () => 0 });
  });
  await page.reload();
  await page.getByText("Online", { exact: true }).waitFor();
  const rows = await page.locator(".message").count();
  expect(rows).toBeGreaterThan(10);
  expect(rows).toBeLessThanOrEqual(MOST_ROWS_OF_A_FRAME);
  expect(await page.locator(".message time[title]").count()).toBe(0);
  await page.locator(".message").last().hover();
  await page.locator(".message:last-child time[title*='2026']").waitFor();
});

test("a person who edits a message isn't shown as typing", async () => {
  const { page, room } = await open(fill(3));
  room.broadcast({ type: "typing", room: 1, ...BIA });
  await page.getByText(/Bia.* está escrevendo/).waitFor();
  room.happen({ type: "edited", target: 3, message: "corrected" });
  await page.getByText("corrected").waitFor();
  expect(await page.getByText(/Bia.* está escrevendo/).count()).toBe(0);
});

test("others aren't told of the typing in an edit, which can be cancelled", async () => {
  const { page, room } = await open(({ room }) => {
    for (const text of ["um", "dois"]) room.say(SELF, text);
  });
  const told = (): number => room.received.filter(({ type }) => type === "typing").length;
  await page.locator("textarea").press("ArrowUp");
  await page.getByText("Editando").waitFor();
  await page.locator("textarea").pressSequentially("outro");
  await page.locator("textarea").press("Escape");
  expect(told()).toBe(0);
  await page.locator("textarea").pressSequentially("novo");
  await expect.poll(told).toBe(1);
});

test("a burst before the log's first page leaves the view at the end", async () => {
  current = await visit(fill(60));
  const { page, room } = current;
  await page.addInitScript(() => {
    const waiting: IdleRequestCallback[] = [];
    Object.assign(window, { requestIdleCallback: (callback: IdleRequestCallback) => waiting.push(callback), waiting });
  });
  await page.reload();
  await page.getByText("Online", { exact: true }).waitFor();
  for (let number = 1; number <= 400; number += 1) room.say(BIA, `burst ${number}`);
  await page.getByText("burst 400", { exact: true }).waitFor();
  await page.evaluate(() =>
    (window as unknown as { waiting: (() => void)[] }).waiting.splice(0).forEach((run) => run()),
  );
  room.say(BIA, "the last");
  await page.getByText("the last", { exact: true }).waitFor();
});
