/**
 * Text stays text: every payload through every field, on every page that shows it, in the browser
 * that would run it.
 */
import type { BrowserContext, Page } from "playwright-core";
import { describe, expect, onTestFinished } from "vitest";
import { splitText } from "../src/ui/message-text";
import { becomeAdministrator } from "./support/administrator";
import { Guest, type Talk } from "./support/guest";
import { type Fetched, findIntruders, readInFrames, watch } from "./support/intruders";
import { PAYLOADS } from "./support/payloads";
import type { Person } from "./support/person";
import type { Server } from "./support/server";
import { test } from "./support/test";

const LONG = { timeout: 600_000 };
/** Pages that are looked at side by side. */
const TABS = 3;
/** As many payloads' answers are shown in frames of one page at a time. */
const TOGETHER = 8;
/**
 * What the names of rooms may not have: control characters, and those that show nothing or turn the
 * order of others; in pictures some may.
 */
const CONTROL = /[\p{Cc}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff]/gu;
/**
 * As many payloads are looked at in one log: each is in two of the at most 300 messages that are
 * drawn.
 */
const IN_A_LOG = 120;
/** Makes a name too long, so that the form comes back with it. */
const TOO_LONG = "x".repeat(26);

interface Place {
  room: number;
  payload: string;
  /** The room's name: what a single line may hold of the payload. */
  name: string;
  /**
   * The name of the guest who spoke there, and of the reader: the payload, where the rules for
   * names allow it.
   */
  guest: string;
}

/** As the server trims, which has another idea of white space than `String.trim`. */
function trimmed(text: string): string {
  return text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
}

/** What the server keeps of a message: all but the empty lines at both ends. */
function said(text: string): string {
  const end = text.replace(/\p{White_Space}+$/u, "").length;
  const cut = text.slice(end).search(/[\n\v\f\r\u0085\u2028\u2029]/u);
  const kept = cut < 0 ? text : text.slice(0, end + cut);
  return kept.replace(/^\p{White_Space}*[\n\v\f\r\u0085\u2028\u2029]/u, "");
}

/** As a message shows it: its links as what they open. */
function shown(text: string): string {
  return splitText(said(text))
    .map((piece) => piece.text)
    .join("");
}

/** What is seen of a name: the form in which it is kept. */
function folded(name: string): string {
  return trimmed(name.normalize("NFC"))
    .split(/\p{White_Space}+/u)
    .join(" ");
}

/** Two rooms' names must differ in this. */
function compared(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

/** As HTML shows it where white space doesn't count. */
function collapsed(text: string | null): string {
  return (text ?? "").replace(/[ \t\n\f\r]+/g, " ").trim();
}

function singleLine(text: string): string {
  return text.replace(/[\r\n]/g, "");
}

async function cookieOf({ context }: Person): Promise<string> {
  return (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
}

/** What the administrator does with a form, without looking at pages. */
async function post(server: Server, cookie: string, path: string, form: Record<string, string>): Promise<number> {
  const { url } = server;
  const headers = { cookie, origin: url };
  const answer = await fetch(url + path, {
    method: "POST",
    redirect: "manual",
    headers,
    body: new URLSearchParams(form),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/**
 * A room for each payload, in which somebody has said it, and has edited another message to say it.
 */
async function prepare(server: Server, administrator: Person, reader: Guest): Promise<Place[]> {
  const cookie = await cookieOf(administrator);
  const places: Place[] = [];
  const taken = new Set<string>();
  for (const [index, payload] of PAYLOADS.entries()) {
    let name = trimmed(payload.replace(CONTROL, ""));
    if (taken.has(compared(name))) name += ` ${index}`;
    taken.add(compared(name));
    const status = await post(server, cookie, "/admin/rooms/new/", { name, description: payload, is_active: "true" });
    expect([name, status]).toEqual([name, 303]);
    // Three rooms are there from the beginning.
    const room = index + 4;
    const speaker = await Guest.joinIfAllowed(server.url, room, payload);
    const guest = speaker ? folded(payload) : "Maria";
    const talk = await (speaker ?? (await Guest.join(server.url, room, guest))).talk(room);
    await talk.send(payload);
    await talk.edit(await talk.send("before"), payload);
    talk.close();
    await reader.alsoJoin(room, guest);
    places.push({ room, payload, name, guest });
  }
  return places;
}

/** Goes to each place, with a few tabs at once. */
async function inTabs(
  context: BrowserContext,
  places: Place[],
  visit: (page: Page, place: Place) => Promise<void>,
): Promise<void> {
  const left = places.values();
  await Promise.all(
    Array.from({ length: TABS }, async () => {
      const page = await context.newPage();
      for (const place of left) {
        await visit(page, place);
        expect([place.payload, await findIntruders(page)]).toEqual([place.payload, []]);
      }
      await page.close();
    }),
  );
}

/** An answer of the server, and what must be read in it. */
interface Look extends Omit<Fetched, "read"> {
  expected: Record<string, [selector: string, text: unknown]>;
}

/** Looks at the answers about each place, a few places' at once. */
async function inFrames(page: Page, places: Place[], looks: (place: Place) => Look[]): Promise<void> {
  for (let first = 0; first < places.length; first += TOGETHER) {
    const some = places
      .slice(first, first + TOGETHER)
      .flatMap((place) => looks(place).map((look) => ({ place, look })));
    const fetched = some.map(({ look: { expected, ...asked } }) => {
      const read = Object.entries(expected).map(([name, [selector]]) => [name, selector]);
      return { ...asked, read: Object.fromEntries(read) as Record<string, string> };
    });
    const results = await readInFrames(page, fetched);
    for (const [index, { place, look }] of some.entries()) {
      const texts = Object.entries(look.expected).map(([name, [, text]]) => [name, text]);
      const wanted = { intruders: [], ...(Object.fromEntries(texts) as Record<string, unknown>) };
      expect([place.payload, look.path, results[index]]).toEqual([place.payload, look.path, wanted]);
    }
  }
}

async function lookAsReader(reader: Person, places: Place[]): Promise<void> {
  await reader.page.goto("/");
  const listed = reader.page.locator(".room-item");
  const names = await listed.locator(".room-name bdi").allTextContents();
  const descriptions = await listed.locator(".room-description bdi").allTextContents();
  expect(names).toEqual(expect.arrayContaining(places.map(({ name }) => name)));
  expect(descriptions).toEqual(expect.arrayContaining(places.map(({ payload }) => trimmed(payload))));
  expect(await findIntruders(reader.page)).toEqual([]);

  await inTabs(reader.context, places, async (page, { room, payload, name, guest }) => {
    await page.goto(`/room/${room}/`, { waitUntil: "domcontentloaded" });
    await page.locator(".chat-description").waitFor();
    const text = trimmed(payload);
    const seen = await page.evaluate(() => {
      const texts = (selector: string): (string | null)[] =>
        [...document.querySelectorAll(selector)].map((element) => element.textContent);
      return {
        messages: texts(".message-text"),
        name: texts(".chat-name"),
        description: texts(".chat-description"),
        sender: texts(".sender bdi")[0],
        title: document.title,
      };
    });
    expect({ ...seen, title: collapsed(seen.title) }).toEqual({
      messages: [shown(payload), shown(payload)],
      name: [name],
      description: [text],
      sender: guest,
      title: collapsed(`${name} · Papo`),
    });
  });

  await inFrames(reader.page, places, ({ room, payload, name }): Look[] => [
    { path: `/leave/?room=${room}`, expected: { title: ["h1", `Sair de ${name}?`] } },
    {
      path: `/room/${room}/join/`,
      form: { username: payload + TOO_LONG },
      expected: {
        title: ["h1", `Seu nome em ${name}`],
        description: [".subtitle bdi", trimmed(payload)],
        username: ["#username", singleLine(payload) + TOO_LONG],
      },
    },
  ]);
}

async function lookAsAdministrator({ page }: Person, places: Place[]): Promise<void> {
  await inFrames(page, places, ({ room, payload, name, guest }): Look[] => {
    const [text, query] = [trimmed(payload), encodeURIComponent(payload)];
    return [
      {
        path: `/admin/rooms/?q=${query}&state=${query}&page=${query}&${query}=${query}`,
        expected: { q: ["#q", singleLine(payload)] },
      },
      { path: `/admin/rooms/${room}/`, expected: { name: ["#name", name], description: ["#description", text] } },
      {
        path: `/admin/messages/?room=${room}&q=${query}&from=${query}&to=${query}`,
        expected: {
          q: ["#q", singleLine(payload)],
          texts: [".text-as-typed", [said(payload), said(payload)]],
          names: ["tbody th bdi", [guest, guest]],
          room: ["option:checked", String(room)],
        },
      },
    ];
  });
  for (const path of ["/admin/rooms/", "/admin/rooms/?page=2", "/admin/messages/", "/admin/messages/?page=2"]) {
    await page.goto(path);
    expect([path, await findIntruders(page)]).toEqual([path, []]);
  }
}

async function lookAsStranger({ page }: Person, places: Place[]): Promise<void> {
  await page.goto("/");
  await inFrames(page, places, ({ payload }): Look[] => {
    const query = encodeURIComponent(payload);
    return [
      { path: `/nowhere/${query}/?${query}=${query}`, expected: {} },
      { path: `/login/?next=${query}&${query}`, expected: { next: [".form [name=next]", payload] } },
    ];
  });
}

describe(`${PAYLOADS.length} payloads`, () => {
  test("stay text on every page", LONG, async ({ arrive, server }) => {
    const people = [await arrive(), await arrive(), await arrive()] as const;
    for (const { context, complaints } of people) await watch(context, complaints);
    const [administrator, reader, stranger] = people;
    await becomeAdministrator(administrator, server);
    const guest = await Guest.join(server.url, 1, "Leitora");
    await reader.context.addCookies([guest.browserCookie]);
    const places = await prepare(server, administrator, guest);
    await Promise.all([
      lookAsReader(reader, places),
      lookAsAdministrator(administrator, places),
      lookAsStranger(stranger, places),
    ]);
  });

  test("stay text when they arrive on an open page", LONG, async ({ arrive, server }) => {
    const [administrator, reader] = [await arrive(), await arrive()];
    await watch(reader.context, reader.complaints);
    await becomeAdministrator(administrator, server);
    const cookie = await cookieOf(administrator);
    await reader.join("Leitora");
    const names: string[] = [];
    const talks: Talk[] = [];
    onTestFinished(() => talks.forEach((talk) => talk.close()));
    const seen = new Set<string>();
    for (let first = 0; first < PAYLOADS.length; first += IN_A_LOG) {
      const some = PAYLOADS.slice(first, first + IN_A_LOG);
      for (const payload of some) {
        const guest = await Guest.joinIfAllowed(server.url, 1, payload);
        names.push(guest ? folded(payload) : "Maria");
        const talk = await (guest ?? (await Guest.join(server.url, 1, "Maria"))).talk(1);
        talks.push(talk);
        talk.typing();
        await talk.send(payload);
        await talk.edit(await talk.send("before"), payload);
        const name = trimmed(payload.replace(CONTROL, ""));
        await post(server, cookie, "/admin/rooms/1/", { name, description: payload, is_active: "true" });
        await reader.page.locator(".chat-name", { hasText: name }).waitFor();
      }
      const texts = some.flatMap((payload) => [shown(payload), shown(payload)]);
      await expect.poll(async () => (await reader.messages()).slice(-texts.length)).toEqual(texts);
      for (const name of await reader.page.locator(".sender bdi").allTextContents()) seen.add(name);
      expect(await findIntruders(reader.page)).toEqual([]);
    }
    expect(seen).toEqual(new Set(names));
    await reader.page.locator(".people-button").click();
    const people = await reader.page.locator(".person-name bdi").allTextContents();
    expect(people.length).toBeGreaterThan(40);
    expect(["Leitora", ...names]).toEqual(expect.arrayContaining(people));
    expect(await findIntruders(reader.page)).toEqual([]);
  });
});
