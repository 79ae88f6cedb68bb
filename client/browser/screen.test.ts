/** The chat screen in a real browser, against the mock room. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Visit, leave, visit } from "../test-support/browser";
import { close, launch, painted } from "../test-support/chromium";
import { SELF } from "../test-support/room";
import type { MockServer } from "../test-support/server";

const MARIA = { sender: "p8w2e6rt4y1cd", username: "Maria" };

function fill(count: number): (server: MockServer) => void {
  return ({ room }) => {
    for (let number = 1; number <= count; number += 1) room.say(MARIA, `message ${number}`);
  };
}

describe("the chat screen", () => {
  let current: Visit;

  async function open(...parameters: Parameters<typeof visit>): Promise<Visit> {
    current = await visit(...parameters);
    await current.page.getByText("Online", { exact: true }).waitFor();
    return current;
  }

  const messages = (): Promise<string[]> => current.page.locator(".message-text").allTextContents();
  const fromEnd = (): Promise<number> =>
    current.page.locator(".log").evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight);
  const scrollBy = (pixels: number): Promise<void> =>
    current.page.locator(".log").evaluate((log, by) => void (log.scrollTop += by), pixels);
  /** Scrolls up until all older messages are loaded. */
  const toBeginning = async (): Promise<void> => {
    const beginning = current.page.getByText("Aqui começa a conversa.");
    await expect
      .poll(async () => {
        await scrollBy(-100_000);
        return beginning.isVisible();
      })
      .toBe(true);
  };
  const write = async (text: string): Promise<void> => {
    await current.page.getByLabel("Mensagem", { exact: true }).fill(text);
    await current.page.keyboard.press("Enter");
  };

  /** The words in a message, as they stand on the screen from left to right. */
  const fromLeft = (text: string, words: string[]): Promise<string[]> =>
    current.page.locator(".message-text", { hasText: text }).evaluate((element, sought) => {
      const left = (word: string): number => {
        const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          const start = node.textContent?.indexOf(word) ?? -1;
          if (start === -1) continue;
          const range = document.createRange();
          range.setStart(node, start);
          range.setEnd(node, start + word.length);
          return range.getBoundingClientRect().left;
        }
        throw new Error(`there is no ${word}`);
      };
      return [...sought].sort((one, other) => left(one) - left(other));
    }, words);

  beforeAll(launch);
  afterAll(close);
  afterEach(async () => {
    expect(current.complaints).toEqual([]);
    await leave(current);
  });

  test("opens at the end", async () => {
    await open(fill(60));
    expect((await messages()).at(-1)).toBe("message 60");
    expect(await fromEnd()).toBeLessThan(2);
  });

  test("sends with Enter, keeps line breaks, shows the message once", async () => {
    const { page, room } = await open();
    await page.getByText("Ninguém falou ainda").waitFor();
    const input = page.getByLabel("Mensagem", { exact: true });
    await input.pressSequentially("one");
    await input.press("Shift+Enter");
    await input.pressSequentially("two");
    await input.press("Enter");
    await page.getByText("Enviada").waitFor({ state: "attached" });
    expect(await messages()).toEqual(["one\ntwo"]);
    expect(await input.inputValue()).toBe("");
    expect(room.page(Infinity).messages).toHaveLength(1);
  });

  test("never reads a message as HTML, and links only the web", async () => {
    const text = `<img src=x onerror=alert(1)> https://papo.example javascript:alert(1)`;
    const { page } = await open(({ room }) => void room.say({ ...MARIA, username: "<b>M</b>" }, text));
    expect(await messages()).toEqual([text]);
    expect(await page.locator(".message img, .message b").count()).toBe(0);
    const link = page.locator(".message a");
    expect(await link.getAttribute("href")).toBe("https://papo.example/");
    expect(await link.getAttribute("rel")).toBe("noopener noreferrer nofollow ugc");
  });

  test("no text turns the direction of a link or of what follows it", async () => {
    const { page } = await open(({ room }) => {
      room.say(MARIA, "https://example.com/a\u202egro.knab//:sptth normal tail");
      room.say(MARIA, "\u202b\u2067before https://example.com/b after");
      room.say(MARIA, "a plain line");
    });
    expect(await page.locator(".message a").allTextContents()).toEqual([
      "https://example.com/a",
      "https://example.com/b",
    ]);
    const order = ["https://example", "com/a", "gro", "knab", "normal", "tail"];
    expect(await fromLeft("normal tail", order)).toEqual(order);
    const isolated = ["before", "https://example", "com/b", "after"];
    expect(await fromLeft("before", isolated)).toEqual(isolated);
    // In the bubble after the text, the time stands where it always stands.
    const insets = await page.locator(".message-meta").evaluateAll((metas) =>
      metas.map((meta) => {
        const bubble = meta.closest(".bubble")?.getBoundingClientRect();
        return Math.round((bubble?.right ?? 0) - meta.getBoundingClientRect().right);
      }),
    );
    expect(new Set(insets).size).toBe(1);
  });

  test("loads older messages without moving the view", async () => {
    const { page } = await open(fill(180));
    const read = page.getByText("message 140", { exact: true });
    await read.evaluate((element) => element.scrollIntoView({ block: "start" }));
    const before = await read.boundingBox();
    await page.getByText("message 90", { exact: true }).waitFor({ state: "attached" });
    expect((await read.boundingBox())?.y).toBeCloseTo(before?.y ?? 0, 0);
    await toBeginning();
    expect(await messages()).toEqual(Array.from({ length: 180 }, (_, index) => `message ${index + 1}`));
  });

  test("counts new messages while the view is above the end", async () => {
    const { page, room } = await open(fill(60));
    await scrollBy(-600);
    const place = await fromEnd();
    room.say(MARIA, "news");
    room.say(MARIA, "more news");
    const button = page.getByRole("button", { name: /2.* novas mensagens/ });
    await button.waitFor();
    expect(await fromEnd()).toBeGreaterThan(place);
    await button.click();
    await button.waitFor({ state: "detached" });
    expect(await fromEnd()).toBeLessThan(2);
    await page.getByText("Novas", { exact: true }).waitFor();
  });

  test("counts unread messages in the title while the page is hidden", async () => {
    const { page, room } = await open(fill(1));
    const hide = (state: string): Promise<void> =>
      page.evaluate((value) => {
        Object.defineProperty(document, "visibilityState", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, state);
    await hide("hidden");
    room.say(MARIA, "psst");
    await expect.poll(() => page.title()).toBe("(1) Geral · Papo");
    await hide("visible");
    await expect.poll(() => page.title()).toBe("Geral · Papo");
  });

  test("a message that wasn't acknowledged is sent by the next page, and shown once", async () => {
    const { page, room } = await open();
    room.answer = "hold";
    await write("on its way");
    await page.getByText("Enviando…").waitFor({ state: "attached" });
    room.answer = "ack";
    await page.reload();
    await page.getByText("Enviada").waitFor({ state: "attached" });
    await page.reload();
    await page.getByText("Online", { exact: true }).waitFor();
    expect(await messages()).toEqual(["on its way"]);
    expect(room.page(Infinity).messages).toHaveLength(1);
  });

  test("two tabs with one outbox show a message once", async () => {
    const { page, room, context, server } = await open();
    room.answer = "hold";
    await write("once");
    await page.getByText("Enviando…").waitFor({ state: "attached" });
    room.answer = "ack";
    const other = await context.newPage();
    await other.goto(`${server.url}/room/1/`);
    for (const tab of [page, other]) {
      await tab.getByText("Enviada").waitFor({ state: "attached" });
      expect(await tab.locator(".message-text").allTextContents()).toEqual(["once"]);
    }
  });

  test("a refused message can be tried again or discarded", async () => {
    const { page, room } = await open();
    room.answer = { code: "bad_message", message: "blank" };
    await write("refused");
    await page.getByRole("button", { name: "Tentar de novo" }).click();
    await page.getByRole("button", { name: "Descartar" }).click();
    await expect.poll(messages).toEqual([]);
  });

  test("edits one's last message with the arrow key, and deletes one after asking", async () => {
    const { page } = await open(({ room }) => {
      room.say(SELF, "keep");
      room.say(SELF, "mistake");
    });
    await page.keyboard.press("ArrowUp");
    await write("corrected");
    await page.getByText("(editada)").waitFor();
    expect(await messages()).toEqual(["keep", "corrected"]);
    await page.getByRole("log").getByText("corrected").hover();
    await page.getByRole("button", { name: "Apagar" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancelar" }).click();
    expect(await messages()).toHaveLength(2);
    await page.getByRole("log").getByText("corrected").hover();
    await page.getByRole("button", { name: "Apagar" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Apagar" }).click();
    await expect.poll(messages).toEqual(["keep"]);
  });

  test("an edit without a change, or of a message deleted meanwhile, does nothing", async () => {
    const { page, room } = await open(({ room }) => {
      room.say(SELF, "first");
      room.say(SELF, "second");
    });
    const input = page.getByLabel("Mensagem", { exact: true });
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.getByText("Editando a mensagem").waitFor({ state: "detached" });
    expect(await page.getByText("(editada)").count()).toBe(0);
    await input.press("ArrowUp");
    await input.fill("a better text");
    room.happen({ type: "deleted", target: 2 });
    await page.getByText("Esta mensagem não existe mais.").waitFor();
    expect(await page.getByRole("button", { name: "Salvar" }).isDisabled()).toBe(true);
    expect(await input.inputValue()).toBe("a better text");
    await input.press("Escape");
    expect(await input.inputValue()).toBe("");
    expect(await messages()).toEqual(["first"]);
  });

  test("the keyboard reaches the actions of a message", async () => {
    const { page } = await open(({ room }) => void room.say(SELF, "mine"));
    await page.getByRole("log").focus();
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.getByLabel("Mensagem", { exact: true }).inputValue()).toBe("mine");
    await page.keyboard.press("Escape");
    expect(await page.getByLabel("Mensagem", { exact: true }).inputValue()).toBe("");
  });

  test("refuses a message that is too long", async () => {
    const { page } = await open();
    await page.getByLabel("Mensagem", { exact: true }).fill("😀".repeat(4_001));
    await page.getByText("a mais do que cabe").waitFor();
    expect(await page.getByRole("button", { name: "Enviar" }).isDisabled()).toBe(true);
    await page.getByLabel("Mensagem", { exact: true }).fill("😀".repeat(4_000));
    expect(await page.getByRole("button", { name: "Enviar" }).isEnabled()).toBe(true);
  });

  test("shows who is online, who is typing, and marks similar names", async () => {
    const { page, room } = await open();
    room.gather([SELF, MARIA, { sender: "z9y8x7w6v5u4t", username: "Joao" }]);
    room.broadcast({ type: "typing", room: 1, ...MARIA });
    await page.getByText(/Maria.* está escrevendo/).waitFor();
    await page.getByRole("button", { name: /3.* pessoas online/ }).click();
    expect(await page.locator(".person-name").allInnerTexts()).toEqual(["João\u00a0·k3v9", "Maria", "Joao\u00a0·z9y8"]);
    await page.keyboard.press("Escape");
    await page.getByText("Quem está online").waitFor({ state: "hidden" });
  });

  test("shows an account's mark beside a look-alike: in the log, while typing, to screen readers", async () => {
    const { page, room } = await open();
    const teacher = { sender: "p8w2e6rt4y1cd", username: "Profa Ana", mark: "account" } as const;
    const pupil = { sender: "z9y8x7w6v5u4t", username: "Profa. Ana" };
    room.say(teacher, "bom dia");
    await page.locator(".announcer", { hasText: "Profa Ana (conta): bom dia" }).waitFor();
    room.say(pupil, "bom dia");
    await page.locator(".announcer", { hasText: "Profa. Ana ·z9y8: bom dia" }).waitFor();
    const senders = await page.locator(".message .sender").allInnerTexts();
    expect(senders.map((sender) => sender.replace(/\s/g, ""))).toEqual(["ProfaAna(conta):", "Profa.Ana·z9y8:"]);
    expect(await page.locator(".message .mark .icon").count()).toBe(1);
    const line = page.locator(".typing-line");
    room.broadcast({ type: "typing", room: 1, sender: teacher.sender, username: teacher.username });
    await line.locator(".mark .icon").waitFor();
    expect((await line.innerText()).replace(/\s/g, "")).toBe("ProfaAna(conta)estáescrevendo…");
    room.broadcast({ type: "typing", room: 1, ...pupil });
    await line.locator(".name-suffix").waitFor();
    expect((await line.innerText()).replace(/\s/g, "")).toBe("ProfaAna(conta)eProfa.Ana·z9y8estãoescrevendo…");
  });

  test("a message to be deleted is quoted as it was typed", async () => {
    const { page } = await open(({ room }) => void room.say(SELF, "if True:\n    pass \u202eabc"));
    await page.locator(".message").hover();
    await page.getByRole("button", { name: "Apagar" }).click();
    const quote = page.locator(".dialog-quote");
    expect(await quote.innerText()).toContain("\n    pass");
    expect(await quote.locator("bdi").allTextContents()).toEqual(["\u202e"]);
    await page.keyboard.press("Escape");
  });

  test("follows the room's name and its end", async () => {
    const { page, room } = await open();
    room.happen({ type: "room", name: "Novo nome", description: "", active: true });
    await page.getByRole("heading", { name: "Novo nome" }).waitFor();
    room.happen({ type: "room", name: "Novo nome", description: "", active: false });
    await page.getByText("Esta sala foi fechada.").waitFor();
    expect(await page.getByRole("link", { name: "Voltar às salas" }).last().getAttribute("href")).toBe("/");
  });

  test("says that the person has left the room", async () => {
    const { page, room } = await open();
    room.broadcast({ type: "left", room: 1 });
    expect(await page.getByRole("link", { name: "Entrar de novo" }).getAttribute("href")).toBe("/room/1/join/");
    // The other rooms still need the connection.
    expect(room.followers.size).toBe(1);
  });

  test("a short log ends next to the composer, and doesn't jump when it fills up", async () => {
    const { page, room } = await open(fill(2));
    const bottom = async (): Promise<number> => (await page.locator(".message").last().boundingBox())?.y ?? 0;
    const first = await bottom();
    expect(first).toBeGreaterThan(500);
    expect((await page.getByText("Aqui começa a conversa.").boundingBox())?.y).toBeGreaterThan(300);
    for (let number = 3; number <= 30; number += 1) {
      room.say(MARIA, `message ${number}`);
      await page.getByText(`message ${number}`, { exact: true }).waitFor();
      expect(Math.abs((await bottom()) - first)).toBeLessThan(2);
    }
  });

  test("keeps the view's place in a long log that is drawn only in part", async () => {
    const { page } = await open(fill(400));
    await toBeginning();
    for (const [number, width] of [
      [120, 800],
      [250, 500],
      [280, 800],
    ] as const) {
      await page.setViewportSize({ width, height: 700 });
      const read = page.getByText(`message ${number}`, { exact: true });
      await read.evaluate((element) => element.scrollIntoView({ block: "start" }));
      await painted(page);
      const before = (await read.boundingBox())?.y ?? 0;
      expect(before).toBeLessThan(200);
      for (let frames = 0; frames < 10; frames += 1) {
        await painted(page);
        expect((await read.boundingBox())?.y).toBeCloseTo(before, 0);
      }
    }
  });

  test("stays fluid through thousands of messages", async () => {
    const { page, room } = await open(fill(50));
    for (let number = 1; number <= 3_000; number += 1) room.say(MARIA, `burst ${number}`);
    await page.getByText("burst 3000", { exact: true }).waitFor();
    await expect.poll(() => page.locator(".message").count()).toBeLessThanOrEqual(300);
    await expect.poll(fromEnd).toBeLessThan(2);
    const started = Date.now();
    await write("still quick");
    await page.getByText("still quick").waitFor();
    expect(Date.now() - started).toBeLessThan(1_500);
  });
});
