/**
 * Portuguese and English: by the browser's language, by the switch, and nothing left untranslated.
 */
import { readFileSync, readdirSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "./support/test";
import { tour } from "./support/tour";

const LOCALES = new URL("../../locales/", import.meta.url);

/** Names of texts, those that can't be taken for words. */
const KEYS = readdirSync(new URL("en/", LOCALES)).flatMap((file) => {
  const source = readFileSync(new URL(`en/${file}`, LOCALES), "utf8");
  return [...source.matchAll(/^([a-z]+(?:-[a-z]+)+) =/gm)].map(([, key]) => key as string);
});
const PORTUGUESE_LETTERS = /[ãõçáéíóúâêô]/i;
/** Stands in every page, and is Portuguese. */
const LANGUAGE_NAME = "Português";

/** Everything that is read or read out, but for what people wrote. */
async function wording(page: Page): Promise<string> {
  return page.evaluate(() => {
    const attributes = ["aria-label", "placeholder", "title", "alt"];
    const said = [...document.querySelectorAll("*")].flatMap((element) =>
      attributes.map((attribute) => element.getAttribute(attribute) ?? ""),
    );
    const clone = document.body.cloneNode(true) as HTMLElement;
    for (const data of clone.querySelectorAll("script, bdi, .message-text")) data.remove();
    return [document.title, clone.textContent, ...said].join(" ");
  });
}

test.for([
  { locale: "pt-BR", language: "pt-BR" },
  { locale: "en-GB", language: "en" },
  { locale: "de-DE", language: "pt-BR" },
])("$locale: every page is in $language", { timeout: 120_000 }, async ({ locale, language }, { arrive, server }) => {
  const faults: string[] = [];
  const person = await arrive({ locale });
  await tour(person, server, async (what, page) => {
    expect([what, await page.locator("html").getAttribute("lang")]).toEqual([what, language]);
    const words = await wording(page);
    const keys = KEYS.filter((key) => new RegExp(`(?<![\\w-])${key}(?![\\w-])`).test(words));
    if (keys.length > 0) faults.push(`${what}: ${keys.join(", ")}`);
    const foreign = words.replaceAll(LANGUAGE_NAME, "").match(PORTUGUESE_LETTERS);
    if (language === "en" && foreign) faults.push(`${what}: ${words.slice(foreign.index! - 20, foreign.index! + 20)}`);
  });
  expect(faults).toEqual([]);
});

test("the chosen language holds on every page and in the chat", async ({ arrive }) => {
  const person = await arrive();
  const { page } = person;
  await page.goto("/room/1/join/");
  await page.getByRole("button", { name: "English" }).click();
  await page.getByLabel("Your name").waitFor();
  expect(new URL(page.url()).pathname).toBe("/room/1/join/");
  await person.join("Maria");
  expect(await page.locator(".status").innerText()).toBe("Online");
  await page.getByLabel("Message", { exact: true }).waitFor();
  expect(await page.locator("html").getAttribute("lang")).toBe("en");
  await page.goto("/login/");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByRole("button", { name: "Português" }).click();
  await page.getByRole("heading", { name: "Entrar com conta" }).waitFor();
});
