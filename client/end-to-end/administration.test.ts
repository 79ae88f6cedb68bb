/** The first administrator, and what people in a room see of what administrators do. */
import { describe, expect } from "vitest";
import { ACCOUNT, becomeAdministrator, deleteMessage, setRoomActive } from "./support/administrator";
import { Guest } from "./support/guest";
import type { Person } from "./support/person";
import type { Server } from "./support/server";
import { test } from "./support/test";

async function becomeAdministratorAt(person: Person, server: Server): Promise<Person> {
  await becomeAdministrator(person, server);
  return person;
}

describe("the administration", () => {
  test("opens once with the printed link", async ({ arrive, server }) => {
    const [administrator, late] = [await arrive(), await arrive()];
    await late.page.goto("/admin/");
    expect(new URL(late.page.url()).pathname).toBe("/login/");
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
    expect(new URL(late.page.url()).pathname).toBe("/login/");
    await server.stop();
    await server.restart();
    expect(() => server.setupLink).toThrow("no link");
  });

  test("makes a room, and has a link into it", async ({ arrive, server }) => {
    const { page } = await becomeAdministratorAt(await arrive(), server);
    await page.goto("/admin/rooms/new/");
    await page.getByLabel("Nome").fill("Quintal");
    await page.getByRole("button", { name: "Criar sala" }).click();
    await page.getByRole("link", { name: "Ir para a sala" }).click();
    await page.getByRole("heading", { name: "Entrar em Quintal" }).waitFor();
    await page.goto("/admin/rooms/");
    await page.locator("tbody tr", { hasText: "Quintal" }).getByRole("link", { name: "Entrar" }).click();
    await page.getByRole("heading", { name: "Entrar em Quintal" }).waitFor();
  });

  test("the main part begins with the page's heading", async ({ arrive, server }) => {
    const { page } = await becomeAdministratorAt(await arrive(), server);
    for (const path of [
      "/admin/rooms/",
      "/admin/messages/",
      "/admin/rooms/new/",
      "/admin/rooms/1/",
      "/admin/people/",
      "/admin/people/1/",
      "/admin/settings/",
      "/admin/audit/",
    ]) {
      await page.goto(path);
      const first = page.locator("main :is(h1, a, button, input, summary)").first();
      expect(await first.evaluate((element) => element.tagName)).toBe("H1");
    }
  });

  test("names the place, greets newcomers and colours all pages", async ({ arrive, server }) => {
    const [administrator, joao] = [await arrive(), await arrive()];
    await becomeAdministrator(administrator, server);
    const { page } = administrator;
    await page.getByRole("link", { name: "Configurações" }).click();
    await page.getByLabel("Nome deste lugar").fill("Escola Sol");
    await page.getByLabel("Boas-vindas").fill("Bom dia, turma!\nEntrem.");
    await page.getByLabel("Usar esta cor").check();
    await page.getByLabel("Cor de destaque", { exact: true }).fill("#ffcc00");
    await page.getByLabel("Geral").check();
    await page.getByRole("button", { name: "Salvar" }).click();
    await page.getByText("Configurações salvas.").waitFor();
    expect(await page.getByLabel("Nome deste lugar").inputValue()).toBe("Escola Sol");
    expect(await page.getByLabel("Geral").isChecked()).toBe(true);

    await joao.page.goto("/");
    expect(await joao.page.title()).toBe("Salas · Escola Sol");
    await joao.page.getByText("Bom dia, turma!").waitFor();
    const accent = (): Promise<string> =>
      joao.page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--accent"));
    // Yellow on white can't be read: the light theme has a darker tone, and the dark one the yellow.
    expect(await accent()).not.toBe("#ffcc00");
    await joao.page.emulateMedia({ colorScheme: "dark" });
    expect(await accent()).toBe("#ffcc00");
    await joao.join("João");
    expect(await accent()).toBe("#ffcc00");
    await expect.poll(() => joao.page.title()).toBe("Geral · Escola Sol");
  });

  test("closes the place to guests: they are asked to sign in", async ({ arrive, server }) => {
    const [administrator, joao] = [await arrive(), await arrive()];
    await becomeAdministrator(administrator, server);
    await joao.join("João");
    await administrator.page.goto("/admin/settings/");
    await administrator.page.getByLabel("Quem não tem conta pode entrar").uncheck();
    await administrator.page.getByRole("button", { name: "Salvar" }).click();
    await administrator.page.getByText("Configurações salvas.").waitFor();
    await joao.page.goto("/room/2/join/");
    await joao.page.getByText("Aqui só entra nas salas quem tem uma conta.").waitFor();
    expect(await joao.page.locator("#username").count()).toBe(0);
    await joao.page.goto("/room/1/");
    await joao.online();
  });

  test("suspends somebody at once, and the audit says who did it", async ({ arrive, server }) => {
    const [administrator, ana] = [await arrive(), await arrive()];
    await becomeAdministrator(administrator, server);
    await server.command(["user", "create", "ana"], "correct horse battery\n");
    await ana.page.goto("/admin/login/");
    await ana.page.locator("#username").fill("ana");
    await ana.page.locator("#password").fill("correct horse battery");
    await ana.page.locator("main form button").last().click();
    await ana.join("ana");
    const { page } = administrator;
    await page.goto("/admin/people/?q=AN");
    await page.getByRole("link", { name: "ana", exact: true }).click();
    await page.getByText("Suspender", { exact: true }).click();
    await page.getByRole("button", { name: "Suspender agora" }).click();
    await page.getByText("Conta suspensa").first().waitFor();
    await ana.page.locator("textarea").waitFor({ state: "detached" });
    await page.getByRole("link", { name: "Registro" }).click();
    const row = page.locator("tbody tr").first();
    expect(await row.locator("bdi").allInnerTexts()).toEqual([ACCOUNT.name, "ana"]);
    await row.getByText("Suspendeu uma conta").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Salvar como tabela" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("audit.csv");
  });

  test("on a phone nothing of the administration is cut off", async ({ arrive, server }) => {
    const administrator = await arrive({ viewport: { width: 360, height: 740 } });
    const { page } = administrator;
    await becomeAdministrator(administrator, server);
    for (const path of [
      "/admin/rooms/",
      "/admin/messages/",
      "/admin/people/",
      "/admin/people/1/",
      "/admin/settings/",
      "/admin/audit/",
    ]) {
      await page.goto(path);
      const cut = await page.evaluate(() =>
        [...document.querySelectorAll("header :is(a, button), main :is(a, button, summary, input, select, textarea)")]
          .filter((element) => element.getClientRects().length > 0 && element.getAttribute("type") !== "hidden")
          .filter((element) => element.closest("details:not([open]) > :not(summary)") === null)
          .filter((element) => {
            const { left, right } = element.getBoundingClientRect();
            return left < 0 || right > innerWidth;
          })
          .map((element) => element.outerHTML.slice(0, 80)),
      );
      expect([path, cut, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([path, [], 360]);
    }
    // The way out is the last thing of the header.
    const last = page.locator("header :is(a, button)").last();
    expect(await last.innerText()).toBe("Sair da conta");
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

  test("asks before closing a room, in its form and in the list", async ({ arrive, server }) => {
    const [administrator, joao] = [await arrive(), await arrive()];
    await becomeAdministrator(administrator, server);
    await joao.join("João");
    const { page } = administrator;
    await page.goto("/admin/rooms/1/");
    await page.getByLabel("Aberta").uncheck();
    await page.getByLabel("Descrição").fill("Já volta");
    await page.getByRole("button", { name: "Salvar" }).click();
    await page.getByRole("alert").getByText("Quem está na sala volta quando ela for reaberta.").waitFor();
    await page.locator("a:focus", { hasText: "Cancelar" }).waitFor();
    expect(await page.getByLabel("Descrição").inputValue()).toBe("Já volta");
    await joao.say("ainda aqui");
    await joao.page.locator(".message-own:not(.message-pending)").waitFor();
    await page.getByRole("button", { name: "Desativar para todo mundo" }).click();
    await page.getByText("Sala salva.").waitFor();
    await joao.page.getByText("Esta sala foi fechada.").waitFor();
    // What is closed already can be saved as it is.
    await page.goto("/admin/rooms/1/");
    await page.getByRole("button", { name: "Salvar" }).click();
    await page.getByText("Sala salva.").waitFor();
  });

  test("shows messages as typed, marks accounts, and keeps text in its own cell", async ({ arrive, server }) => {
    const administrator = await arrive();
    const { page } = administrator;
    await becomeAdministrator(administrator, server);
    await administrator.join(ACCOUNT.name);
    await administrator.say("def f():");
    await administrator.page.locator(".message-own:not(.message-pending)").waitFor();
    const guest = await Guest.join(server.url, 1, "Bia");
    const talk = await guest.talk(1);
    const seq = await talk.send("before");
    await talk.edit(seq, `    return "\u2067\u2069\u202eabc"\nZ${"\u0301".repeat(60)}`);
    talk.close();
    await page.goto("/admin/messages/");
    const [first, second] = [page.locator("tbody tr").first(), page.locator("tbody tr").last()];
    expect(await second.locator(".mark").innerText()).toBe("administrador");
    expect([await first.locator(".mark").count(), await second.locator(".mark svg").count()]).toEqual([0, 1]);
    const text = first.locator(".text-as-typed");
    expect(await text.evaluate((element) => getComputedStyle(element).whiteSpace)).toBe("pre-wrap");
    expect(await text.locator("bdi").allTextContents()).toEqual(["\u202e"]);
    for (const own of [text, first.locator("th bdi")]) {
      expect(await own.evaluate((element) => getComputedStyle(element).overflowY)).toBe("clip");
    }
    // The mark of an edit stands below, in a line of its own.
    const [box, edited] = [await text.boundingBox(), await first.getByText("(editada)").boundingBox()];
    expect(edited!.y).toBeGreaterThanOrEqual(box!.y + box!.height - 1);
  });

  test("a name's text direction doesn't affect the text around it", async ({ arrive, server }) => {
    const administrator = await arrive();
    const { page } = administrator;
    await becomeAdministrator(administrator, server);
    await page.goto("/admin/rooms/1/");
    await page.getByLabel("Nome").fill("שלום 7 (א)");
    await page.getByRole("button", { name: "Salvar" }).click();
    await page.getByText("Sala salva.").waitFor();
    await page.goto("/room/1/join/");
    expect(await page.locator("h1 bdi").innerText()).toBe("שלום 7 (א)");
    expect(await page.title()).toBe("Entrar em שלום 7 (א) · Papo");
    await administrator.join(ACCOUNT.name);
    await page.goto("/leave/?room=1");
    expect(await page.locator("h1").innerText()).toBe("Sair de שלום 7 (א)?");
    expect(await page.locator("h1 bdi").innerText()).toBe("שלום 7 (א)");
    for (const [path, selectors] of [
      ["/room/1/join/?rename", ["#username"]],
      ["/admin/rooms/", ["#q"]],
      ["/admin/rooms/1/", ["#name", "#description"]],
      ["/admin/messages/", ["#q", "#room option[value='1']"]],
    ] as const) {
      await page.goto(path);
      for (const selector of selectors) {
        expect([path, selector, await page.locator(selector).getAttribute("dir")]).toEqual([path, selector, "auto"]);
      }
    }
  });

  test("folds every list's filters on a phone", async ({ arrive, server }) => {
    const administrator = await arrive({ viewport: { width: 360, height: 740 } });
    const { page } = administrator;
    await becomeAdministrator(administrator, server);
    for (const path of ["/admin/rooms/", "/admin/people/", "/admin/audit/"]) {
      await page.goto(path);
      const field = page.locator(".filter-bar input").first();
      expect([path, await field.isVisible()]).toEqual([path, false]);
      await page.getByText("Filtros", { exact: true }).click();
      expect([path, await field.isVisible()]).toEqual([path, true]);
    }
  });

  test("folds the filters of messages on a phone, unless one is set", async ({ arrive, server }) => {
    const administrator = await arrive({ viewport: { width: 360, height: 740 } });
    const { page } = administrator;
    await becomeAdministrator(administrator, server);
    await page.goto("/admin/messages/");
    const [filters, field] = [page.getByText("Filtros", { exact: true }), page.getByLabel("Buscar")];
    expect(await field.isVisible()).toBe(false);
    await filters.click();
    await field.fill("nada");
    await page.getByRole("button", { name: "Filtrar" }).click();
    await page.waitForURL(/q=nada/);
    expect(await field.isVisible()).toBe(true);
    await filters.click();
    expect(await field.isVisible()).toBe(false);
    await page.setViewportSize({ width: 1024, height: 740 });
    expect([await field.isVisible(), await filters.isVisible()]).toEqual([true, false]);
  });

  test("asks in place of the pressed button, and moves nothing", async ({ arrive, server }) => {
    const administrator = await arrive();
    const { page } = administrator;
    await becomeAdministrator(administrator, server);
    await administrator.join(ACCOUNT.name);
    await administrator.say("some");
    await page.locator(".message-own:not(.message-pending)").waitFor();
    const boxes = (): Promise<string[]> =>
      page.evaluate(() =>
        [...document.querySelectorAll("main :is(a, button, summary, td, th)")]
          .filter((element) => element.closest(".confirm > form") === null)
          .map((element) => JSON.stringify(element.getBoundingClientRect())),
      );
    for (const path of ["/admin/rooms/", "/admin/messages/"]) {
      await page.goto(path);
      for (const width of [360, 1024, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        const asking = page.locator(".confirm summary").first();
        await asking.scrollIntoViewIfNeeded();
        const before = await boxes();
        await asking.click();
        expect([path, width, await boxes()]).toEqual([path, width, before]);
        // The focus is on what cancels, and what acts can be reached in whole.
        expect(await asking.evaluate((element) => element === document.activeElement)).toBe(true);
        expect(await asking.locator(".confirm-cancel").isVisible()).toBe(true);
        expect(await asking.locator(".confirm-ask").isVisible()).toBe(false);
        const acting = page.locator(".confirm[open] form button");
        await acting.click({ trial: true });
        const [box, answer] = [(await asking.boundingBox())!, (await acting.boundingBox())!];
        const beside = answer.x + answer.width <= box.x || answer.y >= box.y + box.height;
        expect([path, width, beside, answer.x >= 0, answer.x + answer.width <= width]).toEqual([
          path,
          width,
          true,
          true,
          true,
        ]);
        await asking.click();
        await acting.waitFor({ state: "hidden" });
        await page.keyboard.press("Enter");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Escape");
        await page.locator(".confirm:not([open]) > summary:focus").waitFor();
      }
    }
  });

  test("shows messages on all of a wide screen", async ({ arrive, server }) => {
    const administrator = await arrive({ viewport: { width: 1440, height: 900 } });
    const { page } = administrator;
    await becomeAdministrator(administrator, server);
    await administrator.join(ACCOUNT.name);
    await administrator.say("uma mensagem ".repeat(40));
    await page.locator(".message-own:not(.message-pending)").waitFor();
    await page.goto("/admin/messages/");
    const [table, text] = [
      await page.locator(".table").boundingBox(),
      await page.locator("td.cell-text").boundingBox(),
    ];
    expect(table!.width).toBeGreaterThan(1380);
    expect(text!.width).toBeGreaterThan(0.45 * table!.width);
  });

  test("deactivates a room: its people see that and can't write until it opens again", async ({ arrive, server }) => {
    const [administrator, joao] = [await arrive(), await arrive()];
    await becomeAdministrator(administrator, server);
    await joao.join("João");
    await joao.say("antes");
    await joao.page.locator(".message-own:not(.message-pending)").waitFor();
    // One press asks, and does nothing.
    await administrator.page.goto("/admin/rooms/");
    const row = administrator.page.locator("tbody tr", { hasText: "Geral" });
    await row.getByText("Desativar", { exact: true }).click();
    await row.getByRole("button", { name: "Desativar para todo mundo" }).waitFor();
    await joao.say("ainda aqui");
    await expect.poll(() => joao.messages()).toEqual(["antes", "ainda aqui"]);
    await joao.online();
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
    expect(await joao.messages()).toEqual(["antes", "ainda aqui"]);
  });
});
