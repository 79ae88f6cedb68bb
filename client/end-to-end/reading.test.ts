/** What was read in one browser of a person is read in the others. */
import { expect } from "vitest";
import { ACCOUNT, becomeAdministrator } from "./support/administrator";
import { Guest } from "./support/guest";
import type { Person } from "./support/person";
import { test } from "./support/test";

/** As if the window lay behind another one, or in front again. */
async function show({ page }: Person, visibility: "hidden" | "visible"): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, "visibilityState", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, visibility);
}

async function signIn({ page }: Person): Promise<void> {
  await page.goto("/login/");
  await page.locator("#username").fill(ACCOUNT.name);
  await page.locator("#password").fill(ACCOUNT.password);
  await page.locator("main form .button-primary").click();
  await page.waitForURL((url) => url.pathname !== "/login/");
}

const title = ({ page }: Person): Promise<string> => page.title();

test("an account's browsers share what was read, and what was marked as unread", async ({ arrive, server }) => {
  const [desk, sofa] = [await arrive(), await arrive()];
  await becomeAdministrator(desk, server);
  await desk.join(ACCOUNT.name);
  await signIn(sofa);
  await sofa.page.goto("/room/1/");
  await sofa.online();
  await show(desk, "hidden");
  await show(sofa, "hidden");
  const talk = await (await Guest.join(server.url, 1, "Maria")).talk(1);
  for (const text of ["um", "dois", "três"]) await talk.send(text);
  for (const browser of [desk, sofa]) await expect.poll(() => title(browser)).toBe("(3) Geral · Papo");

  await show(sofa, "visible");
  for (const browser of [sofa, desk]) await expect.poll(() => title(browser)).toBe("Geral · Papo");

  await show(desk, "visible");
  await sofa.page.locator(".message", { hasText: "dois" }).focus();
  await sofa.page.keyboard.press("Shift+U");
  for (const browser of [sofa, desk]) await expect.poll(() => title(browser)).toBe("(2) Geral · Papo");
  const late = await arrive();
  await signIn(late);
  await late.page.goto("/room/1/");
  await late.page.locator(".new-marker + .message", { hasText: "dois" }).waitFor();
  for (const browser of [sofa, desk, late]) await expect.poll(() => title(browser)).toBe("Geral · Papo");
  talk.close();
});
