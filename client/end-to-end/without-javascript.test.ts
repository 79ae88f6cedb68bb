/** Everything but the chat itself works without JavaScript. */
import { expect } from "vitest";
import { ACCOUNT, becomeAdministrator, deleteMessage, setRoomActive } from "./support/administrator";
import { Guest } from "./support/guest";
import { test } from "./support/test";

test("a guest mistypes a name, joins and leaves", async ({ arrive }) => {
  const { page } = await arrive({ javaScriptEnabled: false });
  await page.goto("/");
  await page.getByRole("link", { name: "Geral" }).click();
  const name = page.getByLabel("Seu nome");
  await name.fill("   ");
  await page.getByRole("button", { name: "Entrar na sala" }).click();
  await page.getByText("Escreva um nome.").waitFor();
  const long = "Maria das Dores e dos Prazeres";
  await name.fill(long);
  await page.getByRole("button", { name: "Entrar na sala" }).click();
  await page.getByText("mais de 25 caracteres").waitFor();
  expect(await name.inputValue()).toBe(long);
  expect(await name.getAttribute("aria-describedby")).toContain("username-error");
  expect(await name.getAttribute("aria-invalid")).toBe("true");

  await name.fill("Maria");
  await page.getByRole("button", { name: "Entrar na sala" }).click();
  await page.locator("noscript .notice").waitFor();
  expect(await page.locator("noscript .notice").innerText()).toContain("A conversa precisa de JavaScript.");
  await page.getByRole("link", { name: "Voltar às salas" }).click();
  await page.getByText("Você participa").waitFor();
  await page.goto("/room/1/join/");
  expect(new URL(page.url()).pathname).toBe("/room/1/");
  await page.goto("/room/1/join/?rename");
  expect(await name.inputValue()).toBe("Maria");
  await name.fill("Maria Rita");
  await page.getByRole("button", { name: /Salvar nome/ }).click();
  expect(new URL(page.url()).pathname).toBe("/room/1/");

  await page.goto("/");
  await page.getByRole("link", { name: "Sair de todas as salas" }).click();
  await page.getByRole("button", { name: "Sair" }).click();
  await page.getByRole("heading", { name: "Salas" }).waitFor();
  await page.goto("/room/1/");
  expect(new URL(page.url()).pathname).toBe("/room/1/join/");
  expect(await name.inputValue()).toBe("Maria Rita");
});

test("an administrator signs in, looks after rooms, and deletes a message", async ({ arrive, server }) => {
  const person = await arrive({ javaScriptEnabled: false });
  const { page } = person;
  await becomeAdministrator(person, server);
  await page.getByRole("button", { name: "Sair" }).click();
  await page.goto("/admin/messages/");
  await page.getByLabel("Nome da conta").fill(ACCOUNT.name);
  await page.getByLabel("Senha").fill("errada");
  await page.getByRole("button", { name: "Entrar" }).click();
  await page.getByRole("alert").waitFor();
  expect(await page.getByLabel("Nome da conta").inputValue()).toBe(ACCOUNT.name);
  await page.getByLabel("Senha").fill(ACCOUNT.password);
  await page.getByRole("button", { name: "Entrar" }).click();
  expect(new URL(page.url()).pathname).toBe("/admin/messages/");

  await page.getByRole("link", { name: "Salas" }).last().click();
  await page.getByRole("link", { name: "Nova sala" }).click();
  await page.getByLabel("Nome").fill("Geral");
  await page.getByLabel("Descrição").fill("De tudo um pouco");
  await page.getByRole("button", { name: "Criar sala" }).click();
  await page.getByText("Já existe uma sala com este nome").waitFor();
  expect(await page.getByLabel("Descrição").inputValue()).toBe("De tudo um pouco");
  await page.getByLabel("Nome").fill("Quintal");
  await page.getByRole("button", { name: "Criar sala" }).click();
  await page.getByText("Sala criada.").waitFor();
  await page.getByRole("link", { name: "Quintal" }).click();
  await page.getByLabel("Nome").fill("Varanda");
  await page.getByRole("button", { name: "Salvar" }).click();
  await page.getByText("Sala salva.").waitFor();
  await setRoomActive(person, "Varanda", false);
  await page.goto("/");
  expect(await page.getByText("Varanda").count()).toBe(0);
  await setRoomActive(person, "Varanda", true);

  const guest = await Guest.join(server.url, 1, "João");
  const talk = await guest.talk(1);
  for (const text of ["fica", "some"]) await talk.send(text);
  talk.close();
  await page.goto("/admin/messages/");
  await page.getByLabel("Buscar").fill("some");
  await page.getByRole("button", { name: "Filtrar" }).click();
  await deleteMessage(person, "some");
  await page.getByText("Mensagem apagada.").waitFor();
  await page.goto("/admin/messages/");
  expect(await page.locator(".text-as-typed").allInnerTexts()).toEqual(["fica"]);
});
