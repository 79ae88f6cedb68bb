/**
 * What the screen says and does when the way to the server is bad, in a real browser, against the
 * mock room.
 */
import { devices } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Visit, leave, visit } from "../test-support/browser";
import { close, launch, smallTargets } from "../test-support/chromium";

const MARIA = { sender: "p8w2e6rt4y1cd", username: "Maria" };
const TABLET = { ...devices["Galaxy Tab S4"], viewport: { width: 1024, height: 768 } };

describe("the chat screen", () => {
  let current: Visit;

  async function open(...parameters: Parameters<typeof visit>): Promise<Visit> {
    current = await visit(...parameters);
    await online();
    return current;
  }

  const online = (): Promise<void> => current.page.getByText("Online", { exact: true }).waitFor();
  const messages = (page = current.page): Promise<string[]> => page.locator(".message-text").allTextContents();
  const pending = (): Promise<number> => current.page.locator(".message-pending").count();
  const composer = (page = current.page) => page.getByLabel("Mensagem", { exact: true });
  const write = async (...texts: string[]): Promise<void> => {
    for (const text of texts) {
      await composer().fill(text);
      await composer().press("Enter");
    }
  };
  /** As if the cable was pulled out: nothing more is taken, and no page is answered. */
  const cut = async (): Promise<void> => {
    current.server.accepting = false;
    await current.context.setOffline(true);
  };
  const mend = async (): Promise<void> => {
    current.server.accepting = true;
    await current.context.setOffline(false);
  };

  beforeAll(launch);
  afterAll(close);
  afterEach(async () => {
    expect(current.complaints).toEqual([]);
    await leave(current);
  });

  test("is offline at once without a network, queues messages, and sends them in order later", async () => {
    const { page, room } = await open();
    // With the socket as it is: what says so is the browser alone.
    const offline = await page.evaluate(async () => {
      Math.random = () => 0.999;
      window.dispatchEvent(new Event("offline"));
      const status = document.querySelector(".status")!;
      for (let frame = 0; frame < 10 && status.textContent !== "Desconectado"; frame += 1) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
      return status.textContent;
    });
    expect(offline).toBe("Desconectado");
    await cut();
    await page.getByText("Desconectado").waitFor();
    await write("um", "dois", "três");
    await expect.poll(messages).toEqual(["um", "dois", "três"]);
    expect(await composer().inputValue()).toBe("");
    await expect.poll(() => page.getByText("aguardando a conexão").count()).toBe(3);
    await mend();
    await online();
    await expect.poll(pending).toBe(0);
    expect(room.page(Infinity).messages.map(({ message }) => message)).toEqual(["um", "dois", "três"]);
  });

  test("says soon after a message that the connection doesn't answer, and takes it back", async () => {
    const { page, room } = await open();
    room.isBlackHole = true;
    await write("um");
    await page.getByText("Sem resposta", { exact: true }).waitFor({ timeout: 8_000 });
    await page.getByText("A conexão não responde", { exact: false }).waitFor();
    await page.getByText("aguardando a conexão").waitFor();
    room.isBlackHole = false;
    room.say(MARIA, "dois");
    await online();
    await expect.poll(messages).toContain("dois");
  });

  test("sends messages written without a network in order, even if the page was closed", async () => {
    const { page, room, context, server } = await open();
    await cut();
    await page.getByText("Desconectado").waitFor();
    await write("um", "dois", "três");
    await composer().fill("ainda não");
    await page.close();
    await mend();
    const next = await context.newPage();
    await next.goto(`${server.url}/room/1/`);
    await expect.poll(() => messages(next)).toEqual(["um", "dois", "três"]);
    await expect.poll(() => next.locator(".message-pending").count()).toBe(0);
    expect(room.page(Infinity).messages.map(({ message }) => message)).toEqual(["um", "dois", "três"]);
    expect(await composer(next).inputValue()).toBe("ainda não");
  });

  test("shows when it connects again, and connects at once on a click", async () => {
    const { page, server } = await open();
    await page.evaluate(() => (Math.random = () => 0.999));
    await page.route("**/messages/**", (route) => route.abort());
    server.accepting = false;
    server.drop();
    await page.getByText(/Reconecta em .?([4-9]|1\d).? s/u).waitFor();
    server.accepting = true;
    // From here on no timer connects again, only the button.
    await page.evaluate(() => {
      for (let timer = window.setTimeout(() => {}); timer > 0; timer -= 1) clearTimeout(timer);
    });
    const [socket] = await Promise.all([
      page.waitForEvent("websocket"),
      page.getByRole("button", { name: "Tentar agora" }).click(),
    ]);
    expect(socket.url()).toMatch(/\/ws\/$/);
  });

  test("hides who is online while offline, and connects at once when the window gets the focus", async () => {
    const { page, server } = await open();
    const people = page.locator(".people-button");
    const place = (): Promise<unknown> => page.locator(".chat-header > [popovertarget='room-menu']").boundingBox();
    await people.click();
    await page.locator(".people").waitFor();
    const before = await place();
    await page.evaluate(() => (Math.random = () => 0.999));
    await page.route("**/messages/**", (route) => route.abort());
    server.accepting = false;
    server.drop();
    await page.getByText("Reconecta em").waitFor();
    expect([await people.isVisible(), await page.locator(".people").count()]).toEqual([false, 0]);
    expect(await place()).toEqual(before);
    server.accepting = true;
    await page.evaluate(() => {
      for (let timer = window.setTimeout(() => {}); timer > 0; timer -= 1) clearTimeout(timer);
    });
    const [socket] = await Promise.all([
      page.waitForEvent("websocket"),
      page.evaluate(() => window.dispatchEvent(new Event("focus"))),
    ]);
    expect(socket.url()).toMatch(/\/ws\/$/);
  });

  test("keeps the focus in the composer when the connect button disappears", async () => {
    const { page, server } = await open();
    await page.route("**/messages/**", (route) => route.abort());
    server.accepting = false;
    server.drop();
    const button = page.getByRole("button", { name: "Tentar agora" });
    await button.focus();
    server.accepting = true;
    // The client may connect by itself at this moment: then the button has gone already.
    await page.keyboard.press("Enter");
    await online();
    expect(await button.count()).toBe(0);
    expect(await composer().evaluate((input) => input === document.activeElement)).toBe(true);
  });

  test("says that the server can't save, and sends waiting messages once it can", async () => {
    const { page, room } = await open();
    room.answer = { code: "unavailable", message: "disk full", retry: 1 };
    await write("um", "dois");
    const notice = page.locator(".connection-notice", { hasText: "O servidor não consegue salvar agora" });
    await page.getByText("Enviando…").first().waitFor({ state: "attached" });
    expect(await notice.count()).toBe(0);
    await notice.waitFor();
    await page.getByText("Não está salvando").waitFor();
    await page.locator(".announcer", { hasText: "O servidor não consegue salvar agora" }).waitFor();
    expect(await page.getByText("Online", { exact: true }).count()).toBe(0);
    await expect.poll(() => page.getByText("aguardando o servidor").count()).toBe(2);
    room.answer = "ack";
    await online();
    await notice.waitFor({ state: "detached" });
    await expect.poll(pending).toBe(0);
    expect(await messages()).toEqual(["um", "dois"]);
  });

  test("tells administrators why the server can't save", async () => {
    const { page, room } = await open();
    room.answer = { code: "unavailable", message: "disk full", retry: 1, cause: "disk" };
    await write("um");
    await page.locator(".connection-notice", { hasText: "O disco do servidor está cheio" }).waitFor();
  });

  test("says how long messages wait after too many of them", async () => {
    const { page, room } = await open();
    room.answer = { code: "rate_limited", message: "too many", retry: 4 };
    await write("um", "dois");
    await page.getByText(/a próxima sai em .?[34].? s/u).waitFor();
    await expect.poll(() => page.getByText("aguardando a vez").count()).toBe(2);
    room.answer = "ack";
    await expect.poll(pending).toBe(0);
    expect(await page.getByText(/a próxima sai em/u).count()).toBe(0);
  });

  test("says why the chat can't connect: a proxy, or another address", async () => {
    const { page, server } = await open();
    server.accepting = false;
    server.drop();
    const notice = page.locator(".connection-notice");
    await notice.filter({ hasText: "Talvez um proxy ou a rede não deixe passar WebSocket." }).waitFor();
    server.origin = "http://papo.example.org";
    await page.reload();
    await notice.filter({ hasText: "a conversa só funciona em" }).waitFor();
    expect(await notice.innerText()).toContain(server.url);
    // The ear hears it too, and no countdown.
    const heard = page.locator(".announcer", { hasText: "a conversa só funciona em" });
    await heard.waitFor();
    expect(await heard.innerText()).toContain(server.url);
    expect(await notice.locator("[role=status], [aria-live]").count()).toBe(0);
    expect(await smallTargets(page, 44)).toEqual([]);
    const link = page.getByRole("link", { name: "Abrir lá" });
    expect(await link.getAttribute("href")).toBe("http://papo.example.org");
    server.origin = undefined;
    await page.getByRole("button", { name: "Tentar agora" }).focus();
    server.accepting = true;
    await page.keyboard.press("Enter");
    await online();
    expect(await page.locator(".connection-notice").count()).toBe(0);
  });

  test("says that there are too many connections", async () => {
    const { page, server } = await open();
    server.hasTooManySockets = true;
    server.accepting = false;
    server.drop();
    await page.locator(".connection-notice", { hasText: "Feche a conversa em outras abas." }).waitFor();
    server.hasTooManySockets = false;
    server.accepting = true;
    await online();
  });

  test("asks to join again when the browser has lost its cookies", async () => {
    const { page, server } = await open(({ room }) => {
      for (let number = 1; number <= 120; number += 1) room.say(MARIA, `message ${number}`);
    });
    server.knowsVisitor = false;
    await page.locator(".log").evaluate((log) => (log.scrollTop = 0));
    await page.getByText("Sua sessão terminou.").waitFor();
    expect(await page.getByRole("link", { name: "Entrar de novo" }).getAttribute("href")).toBe("/room/1/join/");
    expect(await page.getByText("Tentar de novo").count()).toBe(0);
  });

  test("Ctrl+Enter and Meta+Enter send, also where Enter makes a line", async () => {
    const { page } = await open(undefined, TABLET);
    await composer().tap();
    await composer().pressSequentially("um");
    await composer().press("Enter");
    await composer().pressSequentially("dois");
    expect(await composer().inputValue()).toBe("um\ndois");
    await composer().press("Control+Enter");
    await composer().pressSequentially("três");
    await composer().press("Meta+Enter");
    await expect.poll(messages).toEqual(["um\ndois", "três"]);
    expect(await composer().inputValue()).toBe("");
    await page.locator(".message-pending").first().waitFor({ state: "detached" });
  });

  test("keeps each tab's draft when another tab sends", async () => {
    const { page, context, server } = await open();
    const other = await context.newPage();
    await other.goto(`${server.url}/room/1/`);
    await composer().fill("rascunho de um");
    await composer(other).fill("rascunho de outro");
    await composer().press("Enter");
    await expect.poll(() => messages(other)).toEqual(["rascunho de um"]);
    for (const [tab, draft] of [
      [page, ""],
      [other, "rascunho de outro"],
    ] as const) {
      expect(await composer(tab).inputValue()).toBe(draft);
      await tab.reload();
      expect(await composer(tab).inputValue()).toBe(draft);
    }
    await composer(other).press("Enter");
    await other.reload();
    expect(await composer(other).inputValue()).toBe("");
    const third = await context.newPage();
    await third.goto(`${server.url}/room/1/`);
    expect(await composer(third).inputValue()).toBe("");
  });

  test("pulling down never reloads the page: only the log scrolls", async () => {
    const { page } = await open();
    const heights = await page.evaluate(() => [document.documentElement.scrollHeight, innerHeight]);
    expect(heights[0]).toBe(heights[1]);
    const contained = (selector: string): Promise<string> =>
      page.locator(selector).evaluate((element) => getComputedStyle(element).overscrollBehaviorY);
    expect([await contained("html"), await contained("body")]).toEqual(["none", "none"]);
  });
});
