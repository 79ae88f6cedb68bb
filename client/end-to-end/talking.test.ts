/** Two people with a browser each. */
import { describe, expect } from "vitest";
import type { Person } from "./support/person";
import { test } from "./support/test";

/** The side of the log on which a message stands. */
async function side({ page }: Person, text: string): Promise<"left" | "right"> {
  const log = (await page.locator(".log-content").boundingBox())!;
  const bubble = (await page.locator(".bubble", { hasText: text }).boundingBox())!;
  return bubble.x - log.x > log.x + log.width - (bubble.x + bubble.width) ? "right" : "left";
}

describe("two browsers", () => {
  test("talk: own messages on the right, others' on the left, each once and in order", async ({ arrive }) => {
    const [joao, maria] = [await arrive(), await arrive()];
    await joao.join("João");
    await maria.join("Maria");

    await joao.say("Oi, Maria!");
    await maria.page.getByText("Oi, Maria!").waitFor();
    await maria.say("Oi, João! Tudo bem?");
    await joao.page.getByText("Tudo bem?").waitFor();
    await joao.say("Tudo ótimo 🎉");
    const talk = ["Oi, Maria!", "Oi, João! Tudo bem?", "Tudo ótimo 🎉"];
    for (const person of [joao, maria]) {
      await expect.poll(() => person.messages()).toEqual(talk);
      await expect.poll(() => person.page.locator(".message-pending").count()).toBe(0);
    }
    expect([await side(joao, "Oi, Maria!"), await side(joao, "Oi, João!")]).toEqual(["right", "left"]);
    expect([await side(maria, "Oi, Maria!"), await side(maria, "Oi, João!")]).toEqual(["left", "right"]);
    await joao.page.reload();
    await joao.online();
    expect(await joao.messages()).toEqual(talk);
  });

  test("see who is online and who is typing", async ({ arrive }) => {
    const [joao, maria] = [await arrive(), await arrive()];
    await joao.join("João");
    await joao.page.getByRole("button", { name: /1\S? pessoa online/ }).waitFor();
    await maria.join("Maria");
    await joao.page.getByRole("button", { name: /2\S? pessoas online/ }).click();
    expect(await joao.page.locator(".person-name").allInnerTexts()).toEqual(expect.arrayContaining(["João", "Maria"]));
    await joao.page.keyboard.press("Escape");

    await maria.composer.pressSequentially("Estou pens");
    await joao.page.getByText(/Maria\S? está escrevendo…/).waitFor();
    await maria.say("Pensei");
    await joao.page.getByText(/Maria\S? está escrevendo…/).waitFor({ state: "detached" });
    await maria.context.close();
    await joao.page.getByRole("button", { name: /1\S? pessoa online/ }).waitFor();
  });

  test("with one name are two people with different marks", async ({ arrive }) => {
    const [first, second] = [await arrive(), await arrive()];
    await first.join("Ana");
    await second.join("Aná");
    await first.say("Eu sou a Ana");
    await second.page.locator(".sender", { hasText: /^Ana\s·\w{4}/ }).waitFor();
  });

  test("the list of rooms counts them, and says when the last message came", async ({ arrive }) => {
    const [joao, visitor] = [await arrive(), await arrive()];
    await joao.join("João");
    await joao.say("Alguém aí?");
    await joao.page.getByText("Enviada").waitFor({ state: "attached" });
    await visitor.page.goto("/");
    const room = visitor.page.locator(".room-item", { hasText: "Geral" });
    await expect
      .poll(async () => {
        await visitor.page.reload();
        return room.innerText();
      })
      .toMatch(/1 online\s+.*agora mesmo/s);
  });
});
