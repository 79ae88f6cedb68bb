import { FluentResource } from "@fluent/bundle";
import { readFileSync, readdirSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { readerLocale } from "../src/reader-locale";
import english from "../../locales/en/chat.ftl";
import portuguese from "../../locales/pt-BR/chat.ftl";
import { Localisation } from "../src/ui/localisation";

const LANGUAGES = ["pt-BR", "en"];
const source = ["app", "shell", "ui"]
  .flatMap((folder) => readdirSync(`src/${folder}`).map((name) => `src/${folder}/${name}`))
  .map((path) => readFileSync(path, "utf8"))
  .join("\n");

const localisationOf = (language: string): Localisation =>
  new Localisation(language, language === "en" ? english : portuguese);

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
  const localisation = localisationOf(language);
  const variables = {
    count: 2,
    room: "Geral",
    suffix: "k3v9",
    first: "Maria",
    second: "Ana",
    seconds: 4,
    origin: "a",
    here: "b",
    since: "21:05",
    name: "Bia",
    message: "oi",
  };
  for (const key of keys(language)) expect(localisation.text(key, variables), key).not.toMatch(/[{}]|^$/);
});

test("counts have their plural", () => {
  const localisation = localisationOf("pt-BR");
  const plain = (count: number): string => localisation.text("new-messages", { count }).replace(/[\u2068\u2069]/g, "");
  expect([plain(1), plain(2)]).toEqual(["1 nova mensagem", "2 novas mensagens"]);
});

test("days are named as people name them", () => {
  const localisation = localisationOf("pt-BR");
  const now = new Date(2026, 10, 24, 0, 30);
  const day = (...date: [number, number, number, number]): string => localisation.day(new Date(...date), now);
  expect(day(2026, 10, 24, 0)).toBe("Hoje");
  expect(day(2026, 10, 23, 23)).toBe("Ontem");
  expect(day(2026, 10, 22, 23)).toBe("Domingo, 22 de novembro");
  expect(day(2025, 10, 22, 23)).toBe("Sábado, 22 de novembro de 2025");
  expect(localisation.time(now)).toBe("00:30");
});

test("the clock is the language's", () => {
  const late = new Date(2026, 10, 24, 21, 20);
  const clock = (language: string): string => localisationOf(language).time(late).replace("\u202f", " ");
  expect(clock("en")).toBe("9:20 PM");
  expect(clock("pt-BR")).toBe("21:20");
  const moment = localisationOf("en").moment(late);
  expect(moment).toContain("9:20");
});

test("a text for an attribute has no isolating characters", () => {
  const localisation = localisationOf("pt-BR");
  const room = { room: "Geral" };
  expect(localisation.text("log-label", room)).toContain("\u2068Geral\u2069");
  expect(localisation.plain("log-label", room)).toContain("Geral");
  expect(localisation.plain("log-label", room)).not.toMatch(/[\u2066-\u2069]/);
});

test("a text in pieces leaves its variables to the caller", () => {
  const localisation = localisationOf("pt-BR");
  const [first, second] = [{ name: "Ana" }, { name: "Bia" }];
  expect(localisation.around("typing-two", { first, second })).toEqual([
    "",
    first,
    " e ",
    second,
    " estão escrevendo…",
  ]);
});

test.each([
  [["en-GB", "en"], "en", "en-GB"],
  [["en-US@posix", "en-AU"], "en", "en-AU"],
  [["en-US@posix"], "pt-BR", "pt-BR"],
  [["fr"], "en", "en"],
])("of %j the reader's own form of %s is %s", (languages, language, expected) => {
  vi.stubGlobal("navigator", { languages });
  expect(readerLocale(language)).toBe(expected);
  expect(localisationOf(language).time(new Date(2026, 10, 24, 21, 20))).toContain("20");
  vi.unstubAllGlobals();
});
