/** Leaving a room, and what the other tabs of the same browser hear of it. */
import { expect } from "vitest";
import { ACCOUNT, becomeAdministrator } from "./support/administrator";
import { test } from "./support/test";

test("in one tab ends the others at once", async ({ arrive }) => {
  const [joao, maria] = [await arrive(), await arrive()];
  await maria.join("Maria");
  await joao.join("João");
  const other = await joao.context.newPage();
  await other.goto("/room/1/");
  await other.locator(".status-online").waitFor();
  await maria.page.getByRole("button", { name: /2\S? pessoas online/ }).waitFor();

  await joao.page.getByRole("button", { name: "Opções da sala" }).click();
  await joao.page.getByRole("button", { name: "Sair da sala" }).click();
  await joao.page.getByRole("heading", { name: "Salas" }).waitFor();
  await other.getByText("Você não está mais nesta sala.").waitFor();
  expect(await other.locator("textarea").count()).toBe(0);
  await maria.page.getByRole("button", { name: /1\S? pessoa online/ }).waitFor();

  await maria.say("Já foi?");
  await maria.page.locator(".message-own:not(.message-pending)").waitFor();
  expect(await other.locator(".message-text").count()).toBe(0);
  await other.reload();
  await other.getByRole("heading", { name: /Entrar em/ }).waitFor();
  expect(await other.getByLabel("Seu nome").inputValue()).toBe("João");
  await other.getByRole("button", { name: "Entrar na sala" }).click();
  await other.getByText("Já foi?").waitFor();
});

test("one room leaves the other one open", async ({ arrive }) => {
  const joao = await arrive();
  await joao.join("João", 1);
  const other = await joao.context.newPage();
  await other.goto("/room/2/join/");
  await other.getByRole("button", { name: "Entrar na sala" }).click();
  await other.locator(".status-online").waitFor();
  await joao.page.goto("/leave/?room=1");
  await joao.page.getByRole("button", { name: "Sair" }).click();
  await other.locator("textarea").fill("ainda aqui");
  await other.locator("textarea").press("Enter");
  await other.locator(".message-own:not(.message-pending)").waitFor();
  await joao.page.goto("/room/1/");
  expect(new URL(joao.page.url()).pathname).toBe("/room/1/join/");
});

test("the page says whether the session has ended or the room was left", async ({ arrive, server }) => {
  const administrator = await arrive();
  await becomeAdministrator(administrator, server);
  await administrator.join(ACCOUNT.name);
  const other = await administrator.context.newPage();
  await other.goto("/admin/rooms/");
  await other.locator("form[action='/logout/'] button").click();
  const notice = administrator.page.getByRole("alert");
  await notice.getByText("Sua sessão terminou.").waitFor();
  expect(await administrator.page.locator("textarea").count()).toBe(0);
  await notice.getByRole("link", { name: "Entrar de novo" }).click();
  await administrator.page.getByRole("heading", { name: /Entrar em/ }).waitFor();
});
