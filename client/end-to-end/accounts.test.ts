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

  test("is made by a guest, who keeps the name and the room", async ({ arrive }) => {
    const person = await arrive();
    const { page } = person;
    await person.join("Ana");
    await person.say("de antes");
    await page.goto("/");
    await page.locator(".page-nav").getByRole("link", { name: "Criar conta" }).click();
    expect(await page.getByLabel("Nome da conta").inputValue()).toBe(ANA.name);
    const password = page.getByLabel("Senha", { exact: true });
    await password.fill("1234567890");
    await page.getByRole("button", { name: "Criar conta" }).click();
    await page.getByText("muita gente usa").waitFor();
    await password.fill(ANA.password);
    // What was typed can be seen, and the browser still keeps it as a password.
    await page.getByRole("button", { name: "Mostrar a senha" }).click();
    expect(await password.getAttribute("type")).toBe("text");
    await page.getByRole("button", { name: "Esconder a senha" }).click();
    expect(await password.getAttribute("type")).toBe("password");
    await page.getByRole("button", { name: "Criar conta" }).click();
    await page.getByText("Boas-vindas, Ana!").waitFor();
    expect(path(page)).toBe("/");
    await page.goto("/room/1/");
    await person.online();
    expect(await person.messages()).toContain("de antes");
  });

  test("has settings that pages and the chat obey", async ({ arrive, server }) => {
    await server.command(["user", "create", ANA.name], `${ANA.password}\n`);
    const person = await arrive({ colorScheme: "light" });
    const { page } = person;
    await page.goto("/");
    await signIn(page, ANA);
    await page.getByRole("link", { name: ANA.name }).click();
    await page.getByLabel("Idioma").first().selectOption("en");
    await page.getByLabel("Cores").selectOption("dark");
    await page.getByLabel("Fuso horário").selectOption("Asia/Tokyo");
    await page.getByLabel("Horas").selectOption("12");
    await page.getByRole("button", { name: "Salvar" }).click();
    await page.getByText("Preferences saved").waitFor();
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await ground()).toBe(dark);
    await page.emulateMedia({ colorScheme: "light" });
    await person.join(ANA.name);
    await person.say("agora");
    const shown = await page.locator(".message time").last().textContent();
    expect(shown).toMatch(/[ap]\.?m/iu);
    expect(await ground()).toBe(dark);
  });

  test("changes its name, its password and its devices", async ({ arrive, server }) => {
    await server.command(["user", "create", ANA.name], `${ANA.password}\n`);
    const [phone, laptop] = [await arrive(), await arrive()];
    for (const { page } of [phone, laptop]) {
      await page.goto("/");
      await signIn(page, ANA);
      await page.getByText("Boas-vindas").waitFor();
    }
    const { page } = phone;
    await page.goto("/account/name/");
    await page.getByLabel("Nome da conta").fill("Ana Lima");
    await page.getByRole("button", { name: "Mudar o nome" }).click();
    await page.getByText("Nome mudado").waitFor();
    await page.locator(".page-account", { hasText: "Ana Lima" }).waitFor();
    await page.goto("/account/devices/");
    await page.getByText("Chrome · Linux").first().waitFor();
    await page.getByRole("button", { name: "Encerrar todos os outros" }).click();
    await page.getByText("o acesso foi encerrado").waitFor();
    await laptop.page.goto("/account/");
    expect(path(laptop.page)).toBe("/login/");
    await page.goto("/account/password/");
    await page.getByLabel("Senha atual").fill(ANA.password);
    await page.getByLabel("Nova senha").fill("coruja assa bolinhos");
    await page.getByRole("button", { name: "Mudar a senha" }).click();
    await page.getByText("Senha mudada").waitFor();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 740 });
      for (const address of ["/account/", "/account/name/", "/account/devices/", "/account/delete/"]) {
        await page.goto(address);
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(excess, `${address} at ${width}`).toBeLessThanOrEqual(0);
      }
    }
  });
});
