/** A server with people on it. */
import { becomeAdministrator } from "../end-to-end/support/administrator";
import { Guest, type Talk } from "../end-to-end/support/guest";
import type { Person } from "../end-to-end/support/person";
import type { Server } from "../end-to-end/support/server";
import { CONVERSATION, NEWS, ROOMS, SELF, TYPING } from "./conversation";

const GERAL = 1;
/** The number of the first room after Geral. */
const NEXT_ROOM = 2;

export class Community {
  private constructor(
    readonly self: Guest,
    /** In Geral, by name. */
    private readonly talks: ReadonlyMap<string, Talk>,
    private readonly elsewhere: readonly Talk[],
  ) {}

  static async gather(server: Server, administrator: Person): Promise<Community> {
    await becomeAdministrator(administrator, server);
    const elsewhere: Talk[] = [];
    for (const [index, { name, description, online, last }] of ROOMS.entries()) {
      if (description !== undefined) await createRoom(administrator, name, description);
      for (const who of new Set([last.who, ...online])) {
        const room = NEXT_ROOM + index;
        const talk = await (await Guest.join(server.url, room, who)).talk(room);
        if (who === last.who) await talk.send(last.text);
        if (online.includes(who)) elsewhere.push(talk);
        else talk.close();
      }
    }

    const self = await Guest.join(server.url, GERAL, SELF);
    const talks = new Map<string, Talk>();
    for (const { who, text } of CONVERSATION) {
      const known = talks.get(who) ?? (await comes(server, who, self));
      talks.set(who, known);
      await known.send(text);
    }
    return new Community(self, talks, elsewhere);
  }

  async tellNews(): Promise<void> {
    for (const { who, text } of NEWS) await this.talks.get(who)?.send(text);
  }

  someoneTypes(): void {
    this.talks.get(TYPING)?.typing();
  }

  disperse(): void {
    for (const talk of [...this.talks.values(), ...this.elsewhere]) talk.close();
  }
}

async function comes(server: Server, who: string, self: Guest): Promise<Talk> {
  const guest = who === SELF ? self : await Guest.join(server.url, GERAL, who);
  return guest.talk(GERAL);
}

async function createRoom({ page }: Person, name: string, description: string): Promise<void> {
  await page.goto("/admin/rooms/new/");
  await page.locator("#name").fill(name);
  await page.locator("#description").fill(description);
  await page.locator("main .card button").first().click();
  await page.locator(".notice-success").waitFor();
}
