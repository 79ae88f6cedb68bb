/**
 * axe on the chat screen, in both themes and both languages, narrow and wide; and nothing wider
 * than the screen.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leave, visit } from "../test-support/browser";
import { accessibilityFaults, close, launch, overflow } from "../test-support/chromium";
import { SELF } from "../test-support/room";

const PEOPLE = Array.from({ length: 24 }, (_, index) => ({ sender: `sender-${index}-x`, username: `Pessoa ${index}` }));
const TEXTS = ["Olá!", "https://papo.example/ação", "x".repeat(400), "مرحبا بالجميع", "😀", "one\ntwo"];

const CASES = (["light", "dark"] as const).flatMap((colorScheme) => [
  { colorScheme, width: 360, height: 740, language: "pt-BR", online: "Online" },
  { colorScheme, width: 1440, height: 900, language: "en", online: "Online" },
]);

describe("accessibility", () => {
  beforeAll(launch);
  afterAll(close);

  test.each(CASES)("$colorScheme, $width px, $language", async ({ colorScheme, width, height, language, online }) => {
    const visited = await visit(
      (server) => {
        server.language = language;
        server.room.name = "Um nome de sala bem comprido, que não cabe numa linha de telefone";
        for (const person of [...PEOPLE, SELF]) {
          for (const text of TEXTS) server.room.say(person, text);
        }
        server.room.gather([SELF, ...PEOPLE]);
      },
      { colorScheme, viewport: { width, height }, reducedMotion: "reduce" },
    );
    const { page, room } = visited;
    await page.getByText(online, { exact: true }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);

    await page.locator(".people-button").click();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press("Escape");

    room.answer = { code: "bad_message", message: "" };
    await page.locator("textarea").fill("refused");
    await page.locator(".send-button").click();
    await page.locator(".message-failure").waitFor();
    await page.locator("textarea").fill("x".repeat(4_001));
    expect(await accessibilityFaults(page)).toEqual([]);

    room.broadcast({ type: "left", room: 1 });
    await page.locator(".end-notice").waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(visited.complaints).toEqual([]);
    await leave(visited);
  });

  test("in the system's contrast colours the focused message and field are visible", async () => {
    const visited = await visit(({ room }) => void room.say(SELF, "Olá!"), { forcedColors: "active" });
    const { page } = visited;
    await page.getByText("Online", { exact: true }).waitFor();
    const outline = (selector: string): Promise<string> =>
      page.locator(selector).evaluate((element) => getComputedStyle(element).outlineStyle);
    for (const [focusable, outlined] of [
      [".composer textarea", ".composer-field"],
      [".message", ".bubble"],
      [".log", ".log"],
    ] as const) {
      await page.keyboard.press("Tab");
      await page.locator(focusable).focus();
      expect([outlined, await outline(outlined)]).toEqual([outlined, "solid"]);
    }
    expect(visited.complaints).toEqual([]);
    await leave(visited);
  });
});
