/**
 * The server goes away and comes back, or the way to it does: everything arrives once, in order,
 * for everybody.
 */
import { describe, expect, onTestFinished } from "vitest";
import { Cable } from "./support/cable";
import { Guest } from "./support/guest";
import { Person } from "./support/person";
import type { Server } from "./support/server";
import { type Arrive, test } from "./support/test";

const LONG = { timeout: 90_000 };
const PATIENCE = { timeout: 20_000 };

async function joaoAndMaria(arrive: Arrive): Promise<[Person, Person]> {
  const [joao, maria] = [await arrive(), await arrive()];
  await joao.join("João");
  await maria.join("Maria");
  await joao.say("antes");
  await expect.poll(() => maria.messages()).toEqual(["antes"]);
  return [joao, maria];
}

async function onCable(server: Server, name: string): Promise<[Person, Cable]> {
  const cable = await Cable.lay(server);
  const person = await Person.arrive(cable.url);
  onTestFinished(async () => {
    await person.context.close();
    cable.remove();
    expect(person.complaints).toEqual([]);
  });
  await person.join(name);
  return [person, cable];
}

/** Now, and after reading the page again. */
async function allSee(people: Person[], messages: string[]): Promise<void> {
  for (const person of people) {
    await expect.poll(() => person.messages(), PATIENCE).toEqual(messages);
    await expect.poll(() => person.page.locator(".message-pending").count(), PATIENCE).toBe(0);
  }
  for (const person of people) {
    await person.page.reload();
    await person.online();
    expect(await person.messages()).toEqual(messages);
  }
}

describe("the server", () => {
  test.for(["stop", "kill"] as const)("%s, start again", LONG, async (end, { arrive, server }) => {
    const [joao, maria] = await joaoAndMaria(arrive);
    await joao.composer.fill("escrito antes");
    expect(await server[end]()).toBe(end === "stop" ? 0 : undefined);

    for (const person of [joao, maria]) await person.offline();
    expect(await joao.page.locator(".status").innerText()).toBe("Desconectado");
    await joao.composer.press("Enter");
    await joao.say("escrito sem conexão");
    expect(await joao.composer.inputValue()).toBe("");
    await expect.poll(() => joao.page.getByText("aguardando a conexão").count()).toBe(2);
    await maria.composer.fill("ainda não");
    expect(await joao.messages()).toEqual(["antes", "escrito antes", "escrito sem conexão"]);
    expect(await maria.messages()).toEqual(["antes"]);

    await server.restart();
    for (const person of [joao, maria]) await person.online();
    await expect.poll(() => maria.messages(), PATIENCE).toEqual(["antes", "escrito antes", "escrito sem conexão"]);
    expect(await maria.composer.inputValue()).toBe("ainda não");
    await maria.composer.press("Enter");
    await allSee([joao, maria], ["antes", "escrito antes", "escrito sem conexão", "ainda não"]);
  });

  test("dies with messages in flight: they are sent again and stored once", LONG, async ({ arrive, server }) => {
    const [joao, maria] = await joaoAndMaria(arrive);
    server.freeze();
    for (const text of ["um", "dois", "três"]) await joao.say(text);
    await expect.poll(() => joao.page.locator(".message-pending").count()).toBe(3);
    expect(await joao.messages()).toEqual(["antes", "um", "dois", "três"]);
    await server.kill();
    for (const person of [joao, maria]) await person.offline();
    await server.restart();
    await allSee([joao, maria], ["antes", "um", "dois", "três"]);
  });

  test("dies with a message in flight while the page is closed: it is sent later", LONG, async ({ arrive, server }) => {
    const [joao, maria] = await joaoAndMaria(arrive);
    server.freeze();
    await joao.say("não me perca");
    await joao.page.locator(".message-pending").waitFor();
    await server.kill();
    await joao.page.close();
    await server.restart();
    const page = await joao.context.newPage();
    await page.goto("/room/1/");
    await expect.poll(() => maria.messages(), PATIENCE).toEqual(["antes", "não me perca"]);
    await expect.poll(() => page.locator(".message-text").allTextContents()).toEqual(["antes", "não me perca"]);
  });
});

describe("the way to the server", () => {
  test("loses an acknowledgement: the message is stored once", LONG, async ({ arrive, server }) => {
    const maria = await arrive();
    await maria.join("Maria");
    const [joao, cable] = await onCable(server, "João");
    cable.loseAnswers();
    await joao.say("uma vez só");
    await maria.page.getByText("uma vez só").waitFor();
    await joao.page.locator(".message-pending").waitFor();
    cable.cut();
    await joao.offline();
    cable.mend();
    await joao.online();
    await allSee([joao, maria], ["uma vez só"]);
  });

  test(
    "is cut: what the others said meanwhile comes in order, what was typed stays",
    LONG,
    async ({ arrive, server }) => {
      const joao = await arrive();
      await joao.join("João");
      const [maria, cable] = await onCable(server, "Maria");
      await joao.say("antes");
      await expect.poll(() => maria.messages()).toEqual(["antes"]);

      cable.cut();
      await maria.offline();
      const missed = ["um", "dois", "três"];
      for (const text of missed) await joao.say(text);
      await maria.composer.fill("ainda estou aqui");
      await expect.poll(() => joao.messages()).toEqual(["antes", ...missed]);
      expect(await maria.messages()).toEqual(["antes"]);

      cable.mend();
      await maria.online();
      await expect.poll(() => maria.messages()).toEqual(["antes", ...missed]);
      expect(await maria.composer.inputValue()).toBe("ainda estou aqui");
      await maria.composer.press("Enter");
      await allSee([joao, maria], ["antes", ...missed, "ainda estou aqui"]);
    },
  );

  test("is cut while more than a page of messages comes: nothing is missing", LONG, async ({ server }) => {
    const [maria, cable] = await onCable(server, "Maria");
    const guest = await Guest.join(server.url, 1, "João");
    const talk = await guest.talk(1);
    onTestFinished(() => talk.close());
    await talk.send("antes");
    await expect.poll(() => maria.messages()).toEqual(["antes"]);
    cable.cut();
    await maria.offline();
    const missed = Array.from({ length: 130 }, (_, index) => `perdida ${index + 1}`);
    for (const text of missed) await talk.send(text);
    cable.mend();
    await expect.poll(() => maria.messages(), PATIENCE).toEqual(["antes", ...missed]);
  });
});
