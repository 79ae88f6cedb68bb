/** Becoming and being the administrator, by the pages. */
import type { Person } from "./person";
import type { Server } from "./server";

export const ACCOUNT = { name: "zeladora", password: "chave-do-quintal-1931" };

/** Takes the one-time link; is on the list of rooms afterwards. */
export async function becomeAdministrator({ page }: Person, server: Server): Promise<void> {
  await page.goto(server.setupLink);
  await page.locator("#username").fill(ACCOUNT.name);
  await page.locator("#password").fill(ACCOUNT.password);
  await page.locator("main form .button-primary").click();
  await page.waitForURL("**/admin/rooms/");
}

/** From the list of messages. */
export async function deleteMessage({ page }: Person, text: string): Promise<void> {
  const row = page.locator("tbody tr", { hasText: text });
  await row.locator("summary").click();
  await row.locator("details button").click();
}

/** From the list of rooms. */
export async function setRoomActive({ page }: Person, name: string, isActive: boolean): Promise<void> {
  await page.goto("/admin/rooms/");
  const row = page.locator("tbody tr", { hasText: name });
  if (!isActive) await row.locator("summary").click();
  await row.locator(`form:has(input[name=is_active][value=${isActive}]) button`).click();
  await page.locator(".notice-success").waitFor();
}
