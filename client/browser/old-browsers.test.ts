/** The chat in the oldest browser that it is built for, and what older ones say. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Visit, leave, visit } from "../test-support/browser";
import { close, launch, launchOldest, openContext } from "../test-support/chromium";
import { SELF } from "../test-support/room";
import { MockServer } from "../test-support/server";

const MARIA = { sender: "p8w2e6rt4y1cd", username: "👩🏽‍🚀 Maria" };
const CHROME_109 = /Chrome\/109\./;
const UNPACKING_MILLISECONDS = 60_000;

describe("Chrome 109", () => {
  let current: Visit;

  // It is unpacked first.
  beforeAll(launchOldest, UNPACKING_MILLISECONDS);
  afterAll(close);
  afterEach(async () => {
    expect(current.complaints).toEqual([]);
    await leave(current);
  });

  /** In Firefox 115 there is no `Intl.Segmenter`, which Chrome 109 has. */
  async function open(): Promise<Visit> {
    current = await visit(({ room }) => {
      room.say(MARIA, "❤️ 🇧🇷 👍🏽");
      room.say(SELF, "olhe https://papo.example");
    });
    const { page } = current;
    await page.addInitScript(() => Reflect.deleteProperty(Intl, "Segmenter"));
    await page.reload();
    await page.getByText("Online", { exact: true }).waitFor();
    return current;
  }

  test("runs the chat: reads, sends, edits, deletes", async () => {
    const { page, room } = await open();
    expect(await page.evaluate(() => navigator.userAgent)).toMatch(CHROME_109);
    expect(await page.locator(".only-emoji").count()).toBe(1);
    expect(await page.locator("#chat-absent").count()).toBe(0);
    const input = page.getByLabel("Mensagem", { exact: true });
    await input.fill("meio \ud83d");
    await input.press("Enter");
    await expect.poll(() => room.page(Infinity).messages.at(-1)?.message).toBe("meio \ufffd");
    await page.locator(".message-pending").waitFor({ state: "detached" });
    await input.press("ArrowUp");
    await input.fill("inteiro");
    await input.press("Enter");
    await page.getByText("(editada)").waitFor();
    await page.getByRole("log").getByText("inteiro").hover();
    await page.getByRole("button", { name: "Apagar" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Apagar" }).click();
    await page.getByText("inteiro").waitFor({ state: "detached" });
  });

  test("opens the menu and the list of people without popovers", async () => {
    const { page, room } = await open();
    room.gather([SELF, MARIA]);
    const menu = page.getByRole("link", { name: "Trocar de nome" });
    expect(await menu.isVisible()).toBe(false);
    await page.getByRole("button", { name: "Opções da sala" }).click();
    await menu.waitFor();
    await page.getByRole("button", { name: /2.* pessoas online/ }).click();
    await page.getByText("Quem está online").waitFor();
    expect(await menu.isVisible()).toBe(false);
    await page.keyboard.press("Escape");
    expect(await page.getByText("Quem está online").isVisible()).toBe(false);
    const button = page.getByRole("button", { name: "Opções da sala" });
    await button.click();
    expect(await button.getAttribute("aria-expanded")).toBe("true");
    await page.getByRole("button", { name: "Teclas" }).click();
    await page.getByRole("dialog", { name: "Teclas" }).waitFor();
    expect([await menu.isVisible(), await button.getAttribute("aria-expanded")]).toEqual([false, "false"]);
    await page.keyboard.press("Escape");
    await expect.poll(() => button.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test("paints people and controls in colours", async () => {
    const { page } = await open();
    const colours = (selector: string): Promise<string[]> =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => [getComputedStyle(element).backgroundColor, getComputedStyle(element).color]);
    for (const selector of [".avatar", ".send-button", ".message-own .bubble"]) {
      const [background, text] = await colours(selector);
      expect(background, selector).not.toBe("rgba(0, 0, 0, 0)");
      expect(background, selector).not.toBe(text);
    }
  });
});

test.each(["no-preference", "reduce"] as const)(
  "a browser that can't run the chat says so, motion: %s",
  async (motion) => {
    await launch();
    const server = await new MockServer().start();
    try {
      const context = await openContext([], { reducedMotion: motion });
      const page = await context.newPage();
      const line = page.getByText("A conversa não abriu.");
      await page.route("**/static/chat.js", (route) =>
        route.fulfill({ contentType: "text/javascript", body: "let newer = #syntax;" }),
      );
      await page.goto(`${server.url}/room/1/`, { waitUntil: "commit" });
      await line.waitFor({ state: "attached" });
      // Not before the script has had its time.
      const visibility = await page.locator("#chat-absent").evaluate((element) => {
        const animation = element.getAnimations()[0];
        return [0, 3_900, 4_100].map((milliseconds) => {
          if (animation !== undefined) animation.currentTime = milliseconds;
          return getComputedStyle(element).visibility;
        });
      });
      expect(visibility).toEqual(["hidden", "hidden", "visible"]);
      await line.waitFor();
      await page.unroute("**/static/chat.js");
      await page.reload();
      await page.getByText("Online", { exact: true }).waitFor();
      expect(await line.count()).toBe(0);
    } finally {
      await close();
      server.stop();
    }
  },
);
