/** The first administrator, and what people in a room see of what administrators do. */
import { describe, expect } from "vitest";
import { ACCOUNT, becomeAdministrator, deleteMessage, setRoomActive } from "./support/administrator";
import { test } from "./support/test";

describe("the administration", () => {
  test("is opened once, by the link that was printed", async ({ arrive, server }) => {
    const [administrator, late] = [await arrive(), await arrive()];
    await late.page.goto("/admin/");
    expect(new URL(late.page.url()).pathname).toBe("/admin/login/");
    const link = server.setupLink;
    await late.page.goto(link);
    await becomeAdministrator(administrator, server);

    await late.page.locator("#username").fill("intrusa");
    await late.page.locator("#password").fill(ACCOUNT.password);
    await late.page.locator("main form button").click();
    await late.page.getByText("não vale mais").first().waitFor();
    await administrator.page.goto(link);
    await administrator.page.getByText("não vale mais").first().waitFor();
    await late.page.goto("/admin/");
    expect(new URL(late.page.url()).pathname).toBe("/admin/login/");
    await server.stop();
    await server.restart();
    expect(() => server.setupLink).toThrow("no link");
  });

  test("renames a room: its people see it at once", async ({ arrive, server }) => {
    const [administrator, joao] = [await arrive(), await arrive()];
    await becomeAdministrator(administrator, server);
    await joao.join("João");
    await administrator.page.goto("/admin/rooms/1/");
    await administrator.page.getByLabel("Nome").fill("Praça");
    await administrator.page.getByLabel("Descrição").fill("Onde todos se encontram");
    await administrator.page.getByRole("button", { name: "Salvar" }).click();
    await joao.page.getByRole("heading", { name: "Praça" }).waitFor();
    await joao.page.getByText("Onde todos se encontram").waitFor();
    await expect.poll(() => joao.page.title()).toBe("Praça · Papo");
  });

  test("deletes a message: it disappears for everybody", async ({ arrive, server }) => {
    const [administrator, joao, maria] = [await arrive(), await arrive(), await arrive()];
    await becomeAdministrator(administrator, server);
    await joao.join("João");
    await maria.join("Maria");
    for (const text of ["fica", "some", "fica também"]) await joao.say(text);
    await expect.poll(() => maria.messages()).toHaveLength(3);
    await administrator.page.goto("/admin/messages/?room=1");
    await deleteMessage(administrator, "some");
    await administrator.page.getByText("Mensagem apagada.").waitFor();
    for (const person of [joao, maria]) {
      await expect.poll(() => person.messages()).toEqual(["fica", "fica também"]);
      await person.page.reload();
      expect(await person.messages()).toEqual(["fica", "fica também"]);
    }
  });

  test("deactivates a room: its people are told and can't go on, until it opens again", async ({ arrive, server }) => {
    const [administrator, joao] = [await arrive(), await arrive()];
    await becomeAdministrator(administrator, server);
    await joao.join("João");
    await joao.say("antes");
    await joao.page.locator(".message-own:not(.message-pending)").waitFor();
    await setRoomActive(administrator, "Geral", false);
    await joao.page.getByText("Esta sala foi fechada.").waitFor();
    expect(await joao.page.locator("textarea").count()).toBe(0);
    await joao.page.getByRole("alert").getByRole("link", { name: "Voltar às salas" }).click();
    await joao.page.getByRole("heading", { name: "Salas" }).waitFor();
    expect(await joao.page.getByText("Geral").count()).toBe(0);
    const answer = await joao.page.goto("/room/1/");
    expect(answer?.status()).toBe(404);
    await joao.page.getByRole("heading", { name: "Esta sala não existe" }).waitFor();

    await setRoomActive(administrator, "Geral", true);
    await joao.page.goto("/room/1/");
    await joao.online();
    expect(await joao.messages()).toEqual(["antes"]);
  });
});
