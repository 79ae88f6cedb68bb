/** A telephone of 360 × 740, used by touch. */
import { devices } from "playwright-core";
import { describe, expect } from "vitest";
import { overflow, smallTargets } from "../test-support/chromium";
import { becomeAdministrator } from "./support/administrator";
import { test } from "./support/test";
import { tour } from "./support/tour";

const PHONE = { ...devices["Galaxy S9+"], viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 };

describe("a telephone", () => {
  test("never scrolls sideways, on any page", { timeout: 120_000 }, async ({ arrive, server }) => {
    const wide: string[] = [];
    await tour(await arrive(PHONE), server, async (what, page) => {
      const pixels = await overflow(page);
      const width = await page.evaluate(() => innerWidth);
      if (pixels > 0 || width !== 360) wide.push(`${what}: ${pixels} px too wide, ${width} px shown`);
    });
    expect(wide).toEqual([]);
  });

  test("every control is at least as large as a finger", { timeout: 120_000 }, async ({ arrive, server }) => {
    const small: string[] = [];
    await tour(await arrive(PHONE), server, async (what, page) => {
      small.push(...(await smallTargets(page, 44)).map((target) => `${what}: ${target}`));
    });
    expect(small).toEqual([]);
  });

  test(
    "not even with words that have no end, nor does a wider screen",
    { timeout: 60_000 },
    async ({ arrive, server }) => {
      const administrator = await arrive(PHONE);
      const { page } = administrator;
      const endless = "Ã".repeat(100);
      await becomeAdministrator(administrator, server);
      await page.goto("/admin/rooms/1/");
      await page.locator("#name").fill(endless);
      await page.locator("#description").fill(endless.repeat(3));
      await page.locator("main .card button").first().tap();
      await page.locator(".notice-success").waitFor();
      await administrator.join("W".repeat(25));
      await administrator.say("W".repeat(500));
      await page.locator(".message-own:not(.message-pending)").waitFor();
      const pages = [
        "/room/1/",
        "/",
        "/room/1/join/?rename",
        "/leave/?room=1",
        "/admin/rooms/",
        "/admin/rooms/1/",
        "/admin/messages/",
      ];
      for (const width of [360, 1024]) {
        await page.setViewportSize({ width, height: 740 });
        for (const path of pages) {
          await page.goto(path);
          expect([width, path, await overflow(page)]).toEqual([width, path, 0]);
        }
      }
    },
  );

  test("every step works by touch", async ({ arrive }) => {
    const { page } = await arrive(PHONE);
    await page.goto("/");
    await page.locator(".room-item", { hasText: "Geral" }).tap();
    await page.getByLabel("Seu nome").fill("Maria");
    await page.getByRole("button", { name: "Entrar na sala" }).tap();
    await page.locator(".status-online").waitFor();

    const composer = page.getByLabel("Mensagem", { exact: true });
    const send = page.getByRole("button", { name: "Enviar" });
    await composer.tap();
    await composer.pressSequentially("primeira linha");
    await composer.press("Enter");
    await composer.pressSequentially("segunda linha");
    await send.tap();
    await expect.poll(() => page.locator(".message-text").allTextContents()).toEqual(["primeira linha\nsegunda linha"]);
    const box = (await page.locator(".composer").boundingBox())!;
    expect(box.y + box.height).toBeLessThanOrEqual(740);
    expect((await send.boundingBox())!.width).toBeGreaterThanOrEqual(44);

    await page.locator(".message-own:not(.message-pending) .bubble").tap();
    await page.getByRole("button", { name: "Editar" }).tap();
    await composer.fill("corrigida");
    await page.getByRole("button", { name: "Salvar" }).tap();
    await page.getByText("(editada)").waitFor();
    await page.getByText("corrigida").tap();
    await page.getByRole("button", { name: "Apagar" }).tap();
    await page.getByRole("dialog").getByRole("button", { name: "Apagar" }).tap();
    await page.getByText("Ninguém falou ainda").waitFor();

    await page.getByRole("button", { name: /pessoa online/ }).tap();
    await page.getByText("Quem está online").waitFor();
    await page.getByRole("button", { name: "Opções da sala" }).tap();
    await page.getByRole("button", { name: "Sair da sala" }).tap();
    await page.getByRole("heading", { name: "Salas" }).waitFor();
  });
});
