/** Text stays text: every payload through every field, on every page that shows it, in the browser that would run it. */
import type { BrowserContext, Page } from "playwright-core";
import { describe, expect, onTestFinished } from "vitest";
import { becomeAdministrator } from "./support/administrator";
import { Guest, type Talk } from "./support/guest";
import { findIntruders, readInFrame, watch } from "./support/intruders";
import { PAYLOADS } from "./support/payloads";
import type { Person } from "./support/person";
import type { Server } from "./support/server";
import { test } from "./support/test";

const LONG = { timeout: 600_000 };
/** Pages that are looked at side by side. */
const TABS = 3;
/** What the names of rooms may not have: control characters, and those that show nothing or turn the order of others. */
const CONTROL = /[\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;
/** Makes a name too long, so that the form comes back with it. */
const TOO_LONG = "x".repeat(26);

interface Place {
  room: number;
  payload: string;
  /** The room's name: what a single line may hold of the payload. */
  name: string;
  /** The name of the guest who spoke there, and of the reader: the payload, where the rules for names allow it. */
  guest: string;
}

/** As the server trims, which has another idea of white space than `String.trim`. */
function trimmed(text: string): string {
  return text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
}

/** What is seen of a name: the form in which it is kept. */
function folded(name: string): string {
  return trimmed(name.normalize("NFKC"))
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

/** A room for each payload, in which somebody has said it, and has edited another message to say it. */
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
    const text = trimmed(payload);
    expect(await page.locator(".message-text").allTextContents()).toEqual([text, text]);
    expect(await page.locator(".chat-name").textContent()).toBe(name);
    expect(await page.locator(".chat-description").textContent()).toBe(text);
    expect(await page.locator(".sender bdi").first().textContent()).toBe(guest);
    expect(collapsed(await page.title())).toBe(collapsed(`${name} · Papo`));
  });

  for (const { room, payload, name } of places) {
    const leaving = { path: `/leave/?room=${room}`, read: { title: "h1" } };
    expect(await readInFrame(reader.page, leaving)).toEqual({ intruders: [], title: `Sair de ${name}?` });
    const joining = {
      path: `/room/${room}/join/`,
      form: { username: payload + TOO_LONG },
      read: { title: "h1", description: ".subtitle bdi", username: "#username" },
    };
    expect(await readInFrame(reader.page, joining)).toEqual({
      intruders: [],
      title: `Seu nome em ${name}`,
      description: trimmed(payload),
      username: singleLine(payload) + TOO_LONG,
    });
  }
}

async function lookAsAdministrator({ page }: Person, places: Place[]): Promise<void> {
  for (const { room, payload, name, guest } of places) {
    const [text, query] = [trimmed(payload), encodeURIComponent(payload)];
    const search = {
      path: `/admin/rooms/?q=${query}&state=${query}&page=${query}&${query}=${query}`,
      read: { q: "#q" },
    };
    expect(await readInFrame(page, search)).toEqual({ intruders: [], q: singleLine(payload) });
    const form = { path: `/admin/rooms/${room}/`, read: { name: "#name", description: "#description" } };
    expect(await readInFrame(page, form)).toEqual({ intruders: [], name, description: text });
    const messages = {
      path: `/admin/messages/?room=${room}&q=${query}&from=${query}&to=${query}`,
      read: { q: "#q", texts: ".text-as-typed bdi", names: "tbody th bdi", room: "option:checked" },
    };
    expect(await readInFrame(page, messages)).toEqual({
      intruders: [],
      q: singleLine(payload),
      texts: [text, text],
      names: [guest, guest],
      room: String(room),
    });
  }
  for (const path of ["/admin/rooms/", "/admin/rooms/?page=2", "/admin/messages/", "/admin/messages/?page=2"]) {
    await page.goto(path);
    expect([path, await findIntruders(page)]).toEqual([path, []]);
  }
}

async function lookAsStranger({ page }: Person, places: Place[]): Promise<void> {
  await page.goto("/");
  for (const { payload } of places) {
    const query = encodeURIComponent(payload);
    const missing = { path: `/nowhere/${query}/?${query}=${query}`, read: {} };
    expect(await readInFrame(page, missing)).toEqual({ intruders: [] });
    const signIn = { path: `/admin/login/?next=${query}&${query}`, read: { next: ".form [name=next]" } };
    expect(await readInFrame(page, signIn)).toEqual({ intruders: [], next: payload });
  }
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

  test("stay text where they come while one looks", LONG, async ({ arrive, server }) => {
    const [administrator, reader] = [await arrive(), await arrive()];
    await watch(reader.context, reader.complaints);
    await becomeAdministrator(administrator, server);
    const cookie = await cookieOf(administrator);
    await reader.join("Leitora");
    const names: string[] = [];
    const talks: Talk[] = [];
    onTestFinished(() => talks.forEach((talk) => talk.close()));
    for (const payload of PAYLOADS) {
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
    const texts = PAYLOADS.flatMap((payload) => [trimmed(payload), trimmed(payload)]);
    await expect.poll(() => reader.messages()).toEqual(texts);
    expect(new Set(await reader.page.locator(".sender bdi").allTextContents())).toEqual(new Set(names));
    await reader.page.locator(".people-button").click();
    const people = await reader.page.locator(".person-name bdi").allTextContents();
    expect(people.length).toBeGreaterThan(40);
    expect(["Leitora", ...names]).toEqual(expect.arrayContaining(people));
    expect(await findIntruders(reader.page)).toEqual([]);
  });
});
