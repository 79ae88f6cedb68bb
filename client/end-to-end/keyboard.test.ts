/** With the keyboard alone, and one always sees where one is. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "./support/test";

const MOST_STOPS = 40;

/** Presses a key until an element that matches has the focus, and looks whether that can be seen. */
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

/** Whether the page looks different with the focus than without. */
async function isSeen(page: Page): Promise<boolean> {
  const focused = await page.screenshot({ animations: "disabled" });
  const element = await page.evaluateHandle(() => document.activeElement as HTMLElement);
  await element.evaluate((active) => active.blur());
  const blurred = await page.screenshot({ animations: "disabled" });
  await element.evaluate((active) => active.focus());
  return !focused.equals(blurred);
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
  expect([await isOn(page, ".message"), await isSeen(page)]).toEqual([true, true]);
  await go(page, "[aria-label='Apagar']");
  await page.keyboard.press("Enter");
  await page.locator("dialog[open] button:focus", { hasText: "Cancelar" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
  expect(await isOn(page, "[aria-label='Apagar']")).toBe(true);
  await page.keyboard.press("Enter");
  await page.locator("dialog[open]").waitFor();
  await go(page, "dialog .button-danger");
  await page.keyboard.press("Enter");
  await page.getByText("Ninguém falou ainda").waitFor();
  expect(await isOn(page, "body")).toBe(false);

  await go(page, "[popovertarget='people']", "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByText("Quem está online").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Quem está online").waitFor({ state: "hidden" });
  await go(page, "[popovertarget='room-menu']");
  await page.keyboard.press("Enter");
  await go(page, "#room-menu button");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Salas" }).waitFor();
});
