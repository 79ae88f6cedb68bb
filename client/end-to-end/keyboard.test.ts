/** With the keyboard alone, and one always sees where one is. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "./support/test";

const MOST_STOPS = 40;
/** Focus is drawn around the element, in pixels. */
const MARGIN = 4;

type Box = Record<"x" | "y" | "width" | "height", number>;

/**
 * Presses a key until an element that matches has the focus, and looks whether that can be seen.
 */
async function go(page: Page, selector: string, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  for (let stops = 0; stops < MOST_STOPS; stops += 1) {
    await page.keyboard.press(key);
    if (await isOn(page, selector)) {
      expect([selector, await isSeen(page)]).toEqual([selector, true]);
      return;
    }
  }
  throw new Error(`${key} doesn't lead to ${selector}`);
}

async function isOn(page: Page, selector: string): Promise<boolean> {
  return page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector);
}

/** Whether the place of the element looks different when the focus has moved on; it comes back. */
async function isSeen(page: Page): Promise<boolean> {
  const { x, y, width, height } = await page.evaluate(
    () => document.activeElement!.getBoundingClientRect().toJSON() as Box,
  );
  const clip = {
    x: Math.max(0, x - MARGIN),
    y: Math.max(0, y - MARGIN),
    width: width + 2 * MARGIN,
    height: height + 2 * MARGIN,
  };
  const focused = await page.screenshot({ clip, animations: "disabled" });
  await page.keyboard.press("Shift+Tab");
  const without = await page.screenshot({ clip, animations: "disabled" });
  await page.keyboard.press("Tab");
  return !focused.equals(without);
}

test("come, write, edit, delete, leave", { timeout: 60_000 }, async ({ arrive }) => {
  const maria = await arrive({ reducedMotion: "reduce" });
  const { page } = maria;
  await page.goto("/");
  await page.keyboard.press("Tab");
  expect(await isOn(page, ".skip-link")).toBe(true);
  expect(await isSeen(page)).toBe(true);
  await go(page, ".room-item[href='/room/1/join/']");
  await page.keyboard.press("Enter");

  await page.locator("#username:focus").waitFor();
  expect(await isSeen(page)).toBe(true);
  await page.keyboard.type("Maria");
  await page.keyboard.press("Enter");
  await maria.online();
  await page.locator(".composer textarea:focus").waitFor();
  expect(await isSeen(page)).toBe(true);
  await page.keyboard.type("Bom diq");
  await page.keyboard.press("Enter");
  await page.locator(".message-own:not(.message-pending)").waitFor();

  await page.keyboard.press("ArrowUp");
  await page.getByText("Editando a mensagem").waitFor();
  await page.keyboard.press("Backspace");
  await page.keyboard.type("a!");
  await page.keyboard.press("Enter");
  await page.getByText("(editada)").waitFor();
  expect(await maria.messages()).toEqual(["Bom dia!"]);

  await go(page, "[role='log']", "Shift+Tab");
  await page.keyboard.press("ArrowUp");
  expect(await isOn(page, ".message")).toBe(true);
  await go(page, "[aria-label='Apagar']");
  await page.keyboard.press("Enter");
  await page.locator("dialog[open] button:focus", { hasText: "Cancelar" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
  await page.locator(".message:focus").waitFor();
  await go(page, "[aria-label='Apagar']");
  await page.keyboard.press("Enter");
  await page.locator("dialog[open]").waitFor();
  await go(page, "dialog .button-danger");
  await page.keyboard.press("Enter");
  await page.getByText("Ninguém falou ainda").waitFor();
  await page.locator("[role='log']:focus").waitFor();

  await go(page, "[popovertarget='people']", "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByText("Quem está online").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Quem está online").waitFor({ state: "hidden" });
  await go(page, "[popovertarget='room-menu']");
  await page.keyboard.press("Enter");
  await go(page, "#room-menu form button");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Salas" }).waitFor();
});
