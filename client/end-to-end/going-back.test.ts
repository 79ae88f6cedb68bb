/** What the browser's Back leads to: never to a form that was sent. */
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { ACCOUNT, becomeAdministrator } from "./support/administrator";
import { test } from "./support/test";

/** Goes back, to that path, whose page is there and has run its script. */
async function back(page: Page, path: string): Promise<void> {
  // The page that is left has to have taken its place in the history.
  await page.waitForLoadState();
  await page.goBack({ waitUntil: "commit" });
  await page.waitForURL((url) => url.pathname === path);
}

/** As a person does who comes by the list. */
async function join(page: Page, name: string): Promise<void> {
  await page.goto("/");
  await page.getByRole("link", { name: "Geral" }).click();
  await page.getByLabel("Seu nome").fill(name);
  await page.getByRole("button", { name: "Entrar na sala" }).click();
}

describe("going back", () => {
  test("from a room leads to the list, and forward to the room again", async ({ arrive }) => {
    const maria = await arrive();
    const { page } = maria;
    await join(page, "Maria");
    await maria.online();
    await maria.say("Bom dia!");
    await page.locator(".message-own:not(.message-pending)").waitFor();
    await back(page, "/");
    await page.getByText("Você participa").waitFor();
    await page.goForward();
    await maria.online();
    expect(await maria.messages()).toEqual(["Bom dia!"]);
  });

  test("leads to the list after a mistake too", async ({ arrive }) => {
    const maria = await arrive();
    const { page } = maria;
    await join(page, "   ");
    await page.getByText("Escreva um nome.").waitFor();
    await page.getByLabel("Seu nome").fill("Maria");
    await page.getByRole("button", { name: "Entrar na sala" }).click();
    await maria.online();
    await back(page, "/");
  });

  test("after a new name leads to the room, which has it", async ({ arrive }) => {
    const maria = await arrive();
    const { page } = maria;
    await join(page, "Maria");
    await maria.online();
    await page.getByRole("button", { name: "Opções da sala" }).click();
    await page.getByRole("link", { name: "Trocar de nome" }).click();
    expect(await page.getByLabel("Seu nome").inputValue()).toBe("Maria");
    await page.getByLabel("Seu nome").fill("Maria Rita");
    await page.getByRole("button", { name: /Salvar nome/ }).click();
    await maria.online();
    await back(page, "/room/1/");
    await maria.online();
    await page.getByRole("button", { name: /pessoa online/ }).click();
    await page.locator(".person", { hasText: "Maria Rita" }).waitFor();
  });

  test("never leads to the question after leaving, or to the form after signing in", async ({ arrive, server }) => {
    const maria = await arrive();
    const { page } = maria;
    await join(page, "Maria");
    await maria.online();
    await page.goto("/leave/?room=1");
    await page.getByRole("button", { name: "Sair" }).click();
    await page.waitForURL((url) => url.pathname === "/");
    await back(page, "/");
    await becomeAdministrator(maria, server);
    await back(page, "/");
    await page.goto("/admin/");
    await page.getByRole("button", { name: "Sair da conta" }).click();
    await page.getByRole("link", { name: "Entrar com conta" }).waitFor();
    await page.goto("/admin/");
    await page.getByLabel("Nome da conta").fill(ACCOUNT.name);
    await page.getByLabel("Senha").fill(ACCOUNT.password);
    await page.getByRole("button", { name: "Entrar" }).click();
    await page.waitForURL("**/admin/rooms/");
    await back(page, "/");
  });

  test("reloads a page that the browser kept, unless something was typed there", async ({ arrive, server }) => {
    const maria = await arrive();
    const { page } = maria;
    /** Whether the page asks for itself again when it comes back. */
    const asksAgain = (): Promise<boolean> =>
      page.evaluate(() => {
        let asked = false;
        // Of Chromium's; there are no types for it yet.
        const { navigation } = window as unknown as { navigation: EventTarget };
        const note = (event: Event): void => {
          asked = true;
          event.preventDefault();
        };
        navigation.addEventListener("navigate", note);
        dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
        navigation.removeEventListener("navigate", note);
        return asked;
      });
    await page.goto("/");
    expect(await asksAgain()).toBe(true);
    await becomeAdministrator(maria, server);
    await page.goto("/admin/rooms/1/");
    expect(await asksAgain()).toBe(true);
    await page.locator("#description").fill("half a description");
    expect(await asksAgain()).toBe(false);
    // What was sent isn't typed any more.
    await page.evaluate(() => {
      document.querySelector("main form")!.dispatchEvent(new Event("submit", { bubbles: true }));
    });
    expect(await asksAgain()).toBe(true);
    await page.goto("/admin/rooms/");
    await page.locator("#state").selectOption("inactive");
    expect(await asksAgain()).toBe(false);
  });

  test("without JavaScript passes through the form to the room, and then leads to the list", async ({ arrive }) => {
    const { page } = await arrive({ javaScriptEnabled: false });
    await join(page, "Maria");
    await page.waitForURL("**/room/1/");
    await back(page, "/room/1/");
    await back(page, "/");
  });
});
