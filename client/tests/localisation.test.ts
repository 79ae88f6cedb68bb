import { FluentResource } from "@fluent/bundle";
import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { Localisation } from "../src/ui/localisation";

const LANGUAGES = ["pt-BR", "en"];
const source = readdirSync("src/ui")
  .map((name) => readFileSync(`src/ui/${name}`, "utf8"))
  .join("\n");

function keys(language: string): string[] {
  const resource = new FluentResource(readFileSync(`../locales/${language}/chat.ftl`, "utf8"));
  return resource.body.map(({ id }) => id);
}

/** The arguments of `text(…)`: literals as they are, `${…}` as anything. */
function usedKeys(): RegExp[] {
  const calls = [...source.matchAll(/\btext\(([^,()]*)/g)].map(([, first]) => first ?? "");
  const literals = calls.flatMap((call) => [...call.matchAll(/["`]([^"`]+)["`]/g)].map(([, key]) => key ?? ""));
  return literals.map((key) => new RegExp(`^${key.replace(/\$\{[^}]*\}/g, "[a-z]+")}$`));
}

test("both languages have the same keys", () => {
  expect(keys("en")).toEqual(keys("pt-BR"));
});

test("every key that is used exists, and every key that exists is used", () => {
  const known = keys("pt-BR");
  const used = usedKeys();
  expect(used.length).toBeGreaterThan(30);
  expect(used.filter((key) => !known.some((other) => key.test(other)))).toEqual([]);
  expect(known.filter((key) => !source.includes(`"${key}"`) && !used.some((other) => other.test(key)))).toEqual([]);
});

test.each(LANGUAGES)("every text of %s can be formatted", (language) => {
  const localisation = new Localisation(language);
  const variables = { count: 2, room: "Geral", suffix: "k3v9", first: "Maria", second: "Ana" };
  for (const key of keys(language)) expect(localisation.text(key, variables), key).not.toMatch(/[{}]|^$/);
});

test("counts have their plural", () => {
  const localisation = new Localisation("pt-BR");
  const plain = (count: number): string => localisation.text("new-messages", { count }).replace(/[\u2068\u2069]/g, "");
  expect([plain(1), plain(2)]).toEqual(["1 nova mensagem", "2 novas mensagens"]);
});

test("days are named as people name them", () => {
  const localisation = new Localisation("pt-BR");
  const now = new Date(2026, 10, 24, 0, 30);
  const day = (...date: [number, number, number, number]): string => localisation.day(new Date(...date), now);
  expect(day(2026, 10, 24, 0)).toBe("Hoje");
  expect(day(2026, 10, 23, 23)).toBe("Ontem");
  expect(day(2026, 10, 22, 23)).toBe("Domingo, 22 de novembro");
  expect(day(2025, 10, 22, 23)).toBe("Sábado, 22 de novembro de 2025");
  expect(localisation.time(now)).toBe("00:30");
});
