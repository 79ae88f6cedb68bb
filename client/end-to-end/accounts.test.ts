/** Signing in with an account that administers nothing, and out of it. */
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { ACCOUNT, becomeAdministrator } from "./support/administrator";
import { test } from "./support/test";

const ANA = { name: "Ana", password: "correct horse battery" };
const WIDTHS = [360, 1024, 1440];

async function signIn(page: Page, { name, password }: typeof ANA): Promise<void> {
  await page.getByRole("link", { name: "Entrar com conta" }).click();
  await page.getByLabel("Nome da conta").fill(name);
  await page.getByLabel("Senha").fill(password);
  await page.getByRole("button", { name: "Entrar" }).click();
}

const path = (page: Page): string => new URL(page.url()).pathname;
const signOut = (page: Page) => page.getByRole("button", { name: "Sair da conta" });

describe("an account", () => {
  test("signs in from the list of rooms, returns there, and signs out", async ({ arrive, server }) => {
    await server.command(["user", "create", ANA.name], `${ANA.password}\n`);
    const { page } = await arrive();
    await page.goto("/");
    expect(await page.getByRole("link", { name: "Administração" }).count()).toBe(0);
    await signIn(page, ANA);
    await page.waitForURL((url) => url.pathname === "/");
    await page.locator(".page-account", { hasText: ANA.name }).waitFor();
    expect(await page.getByRole("link", { name: /Entrar com conta|Administração/ }).count()).toBe(0);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 740 });
      await signOut(page).click({ trial: true });
    }
    await signOut(page).click();
    await page.getByRole("link", { name: "Entrar com conta" }).waitFor();
    expect(path(page)).toBe("/");
  });

  test("returns to the page before the sign-in, but not to the administration", async ({ arrive, server }) => {
    await server.command(["user", "create", ANA.name], `${ANA.password}\n`);
    const { page } = await arrive();
    await page.goto("/room/2/join/");
    await signIn(page, ANA);
    await page.waitForURL("**/room/2/join/");
    expect(await page.getByLabel("Seu nome").inputValue()).toBe(ANA.name);

    await page.goto("/admin/");
    await page.getByRole("heading", { name: "Só para quem administra" }).waitFor();
    await signOut(page).click();
    await page.goto("/admin/messages/");
    await signIn(page, ANA);
    await page.waitForURL((url) => url.pathname === "/");
    await page.getByRole("heading", { name: "Salas" }).waitFor();
  });

  test("signs in and out from a room, too", async ({ arrive, server }) => {
    await server.command(["user", "create", ANA.name], `${ANA.password}\n`);
    const person = await arrive();
    const { page } = person;
    await person.join("Anita");
    await page.getByRole("button", { name: "Opções da sala" }).click();
    await signIn(page, ANA);
    await person.online();
    expect(path(page)).toBe("/room/1/");
    await page.getByRole("button", { name: "Opções da sala" }).click();
    await signOut(page).click();
    await page.getByRole("link", { name: "Entrar com conta" }).waitFor();
    expect(path(page)).toBe("/");
  });

  test("returns to the administration if it is an administrator's", async ({ arrive, server }) => {
    const administrator = await arrive();
    const { page } = administrator;
    await becomeAdministrator(administrator, server);
    await signOut(page).click();
    await page.getByRole("link", { name: "Entrar com conta" }).waitFor();
    await signIn(page, ACCOUNT);
    await page.waitForURL((url) => url.pathname === "/");
    await signOut(page).click();
    await page.goto("/admin/messages/?q=papo");
    await signIn(page, ACCOUNT);
    await page.waitForURL("**/admin/messages/?q=papo");
  });
});
