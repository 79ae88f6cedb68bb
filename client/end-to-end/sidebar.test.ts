/** One app for all rooms, with the real server: two rooms, two browsers. */
import type { Locator } from "playwright-core";
import { expect } from "vitest";
import { accessibilityFaults } from "../test-support/chromium";
import type { Person } from "./support/person";
import { test } from "./support/test";

const DESK = { viewport: { width: 1280, height: 800 } };

const link = ({ page }: Person, name: string): Locator => page.locator(".sidebar-room", { hasText: name });
const badge = (person: Person, name: string): Promise<string[]> =>
  link(person, name).locator(".unread-badge").allTextContents();
const title = ({ page }: Person, name: string): Promise<void> =>
  page.locator(".chat-name", { hasText: name }).waitFor();

async function alsoJoin({ page }: Person, room: number): Promise<void> {
  await page.goto(`/room/${room}/join/`);
  await page.getByRole("button", { name: "Entrar na sala" }).click();
  await page.locator(".status-online").waitFor();
}

test("two people talk in two rooms without loading a page", async ({ arrive }) => {
  const [joao, maria] = [await arrive(DESK), await arrive(DESK)];
  await joao.join("João", 1);
  await alsoJoin(joao, 2);
  await maria.join("Maria", 1);
  await alsoJoin(maria, 2);
  await joao.page.evaluate(() => Object.assign(window, { same: true }));

  await link(maria, "Geral").click();
  await title(maria, "Geral");
  await maria.say("Alguém aí?");
  await expect.poll(() => badge(joao, "Geral")).toEqual(["1"]);
  await expect.poll(() => joao.page.title()).toMatch(/^\(1\) /);

  await joao.page.keyboard.press("Alt+Shift+ArrowUp");
  await title(joao, "Geral");
  expect(new URL(joao.page.url()).pathname).toBe("/room/1/");
  await joao.page.getByText("Alguém aí?").waitFor();
  await joao.say("Eu!");
  await maria.page.getByText("Eu!", { exact: true }).waitFor();
  await expect.poll(() => badge(joao, "Geral")).toEqual([]);
  expect(await accessibilityFaults(joao.page)).toEqual([]);

  await joao.page.goBack();
  await title(joao, "Tecnologia");
  await maria.say("Até já");
  await expect.poll(() => badge(joao, "Geral")).toEqual(["1"]);
  await joao.page.goForward();
  await joao.page.locator(".new-marker + .message", { hasText: "Até já" }).waitFor();
  expect(await joao.page.evaluate(() => "same" in window)).toBe(true);
});

test("a room that is left in another tab goes from the sidebar, and one that is joined comes", async ({ arrive }) => {
  const joao = await arrive(DESK);
  await joao.join("João", 1);
  const other = await joao.context.newPage();
  await other.goto("/room/2/join/");
  await other.getByRole("button", { name: "Entrar na sala" }).click();
  await other.locator(".status-online").waitFor();
  await link(joao, "Tecnologia").waitFor();
  await link(joao, "Tecnologia").click();
  await title(joao, "Tecnologia");
  await link(joao, "Geral").click();
  await title(joao, "Geral");
  await other.getByRole("button", { name: "Opções da sala" }).click();
  await other.getByRole("button", { name: "Sair da sala" }).click();
  await link(joao, "Tecnologia").waitFor({ state: "detached" });
  await joao.page.goBack();
  await joao.page.getByRole("heading", { name: /Entrar em/ }).waitFor();
});

test("what one wants to be told of a room holds in all one's browsers", async ({ arrive }) => {
  const [joao, maria] = [await arrive(DESK), await arrive(DESK)];
  await joao.join("João", 1);
  await alsoJoin(joao, 2);
  await maria.join("Maria", 1);
  const other = await joao.context.newPage();
  await other.goto("/room/2/");
  await other.locator(".status-online").waitFor();

  await link(joao, "Geral").click({ button: "right" });
  const dialog = joao.page.getByRole("dialog", { name: "Geral" });
  await dialog.getByRole("radio", { name: /^Nada/ }).check();
  await other.locator(".sidebar-room-muted", { hasText: "Geral" }).waitFor();
  await dialog.getByRole("button", { name: "Fechar" }).click();
  await maria.say("Psiu");
  await joao.page.goto("/");
  expect(await joao.page.locator(".room-item .unread-badge").count()).toBe(0);
  await joao.page.goto("/room/2/");
  await joao.online();
  expect(await badge(joao, "Geral")).toEqual([]);
  await link(joao, "Geral").click();
  await joao.page.locator(".new-marker + .message", { hasText: "Psiu" }).waitFor();
});

test("the list of rooms shows what is unread", async ({ arrive }) => {
  const [joao, maria] = [await arrive(), await arrive()];
  await joao.join("João", 1);
  await joao.page.goto("/");
  await maria.join("Maria", 1);
  for (const text of ["um", "dois"]) {
    await maria.say(text);
    await maria.page.locator(".message-own:not(.message-pending)", { hasText: text }).waitFor();
  }
  await joao.page.reload();
  await joao.page.locator(".room-item", { hasText: "Geral" }).getByText("2", { exact: true }).waitFor();
});
