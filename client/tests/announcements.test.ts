import { expect, test } from "vitest";
import { type ShownMessage, showMessage } from "../src/lib/room-state";
import { newsBetween, sentences } from "../src/ui/announcements";
import english from "../../locales/en/chat.ftl";
import portuguese from "../../locales/pt-BR/chat.ftl";
import { Localisation } from "../src/ui/localisation";
import { OTHER, SELF, message } from "./world";

const shown = (seq: number, text: string, sender = OTHER): ShownMessage =>
  showMessage(message(seq, { sender, username: "Bia", message: text }), SELF);
const log = (...messages: ShownMessage[]) => ({ messages, more: true });

function hear(before: ReturnType<typeof log>, after: ReturnType<typeof log>, language = "pt-BR"): string[] {
  const nameOf = ({ username, mark }: ShownMessage): string =>
    mark === undefined ? username : `${username} (${mark})`;
  return sentences(
    newsBetween(before, after),
    new Localisation(language, language === "en" ? english : portuguese).plain,
    nameOf,
  );
}

const first = shown(10, "bom dia");

test("announces who wrote, edited and deleted", () => {
  expect(hear(log(), log(first))).toEqual(["Bia: bom dia"]);
  expect(hear(log(first), log(shown(10, "boa tarde")))).toEqual(["Bia editou: boa tarde"]);
  expect(hear(log(shown(9, "oi"), first), log(shown(9, "oi")))).toContain("Bia apagou uma mensagem");
  expect(hear(log(first), log(shown(10, "good day")), "en")).toEqual(["Bia edited: good day"]);
  expect(hear(log(shown(9, "oi"), first), log(shown(9, "oi")), "en")).toContain("Bia deleted a message");
});

test("announces a burst once", () => {
  const burst = [11, 12, 13, 14, 15].map((seq) => shown(seq, "oi"));
  expect(hear(log(first), log(first, ...burst))).toEqual(["5 mensagens novas"]);
  expect(hear(log(first), log(first, ...burst), "en")).toEqual(["5 new messages"]);
});

test("doesn't announce messages that were loaded or dropped, or the person's own", () => {
  const own = shown(11, "eu", SELF);
  expect(hear(log(first), log(shown(8, "antes"), first))).toEqual([]);
  expect(hear(log(first, shown(12, "oi")), log(shown(12, "oi")))).toEqual([]);
  expect(hear(log(first), log(first, own))).toEqual([]);
  expect(hear(log(first, own), log(first))).toEqual([]);
});

test("announces that the person's message wasn't sent", () => {
  const failed = { ...shown(11, "eu", SELF), seq: undefined, state: "failed" as const };
  expect(hear(log(first), log(first, failed))).toEqual(["Não foi enviada: eu"]);
});

test("announces which sender is the account", () => {
  const marked = showMessage(message(11, { username: "Bia", message: "oi", mark: "account" }), SELF);
  expect(hear(log(first), log(first, marked))).toEqual(["Bia (account): oi"]);
});
