/** The old chat's page script against the server, beside people who use Papo's own page. */
import { describe, expect } from "vitest";
import { Guest } from "./support/guest";
import type { Person } from "./support/person";
import { seedScript } from "./support/seed-script";
import { test } from "./support/test";

async function useOldPage({ page }: Person, username: string): Promise<void> {
  await page.evaluate(seedScript, { room: 1, username });
  await page.locator("#state", { hasText: "Online" }).waitFor();
}

const rows = ({ page }: Person): Promise<string[]> => page.locator("#messages p").allTextContents();

async function say({ page }: Person, text: string): Promise<void> {
  await page.locator("#input").fill(text);
  await page.locator("#input").press("Enter");
}

describe("the old chat's page script", () => {
  test("talks with itself and with Papo's page, and renders every frame it gets", async ({ arrive }) => {
    const [joao, maria, ana] = [await arrive(), await arrive(), await arrive()];
    await joao.join("João");
    await maria.join("Maria");
    await ana.join("Ana");
    await useOldPage(joao, "João");
    await useOldPage(maria, "Maria");

    await say(joao, "Olá!");
    await ana.page.getByText("Olá!").waitFor();
    await ana.say("Oi, <b>João</b>");
    await say(maria, "Oi 👋");
    const talk = ["João: Olá!", "Ana: Oi, <b>João</b>", "Maria: Oi 👋"];
    await expect.poll(() => rows(joao)).toHaveLength(3);
    expect([...(await rows(joao))].sort()).toEqual([...talk].sort());
    await expect.poll(() => rows(maria)).toEqual(await rows(joao));
    expect(await joao.page.locator("#messages .own").allTextContents()).toEqual(["João: Olá!"]);
  });

  test("gets no frame that isn't a message", async ({ arrive, server }) => {
    const joao = await arrive();
    await joao.join("João");
    await useOldPage(joao, "João");
    const guest = await (await Guest.join(server.url, 1, "Maria")).talk(1);
    guest.typing();
    const seq = await guest.send("first");
    await guest.edit(seq, "changed");
    await guest.send("second");
    await expect.poll(() => rows(joao)).toEqual(["Maria: first", "Maria: second"]);
    await joao.page.locator("#state", { hasText: "Online" }).waitFor();
    guest.close();
  });

  test("shows that the server is gone", async ({ arrive, server }) => {
    const joao = await arrive();
    await joao.join("João");
    await useOldPage(joao, "João");
    await server.stop();
    await joao.page.locator("#state", { hasText: "Desconectado" }).waitFor();
  });
});
