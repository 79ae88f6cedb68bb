/**
 * `test` with a server of its own, and people who come with a browser; nobody's browser may
 * complain.
 */
import type { BrowserContextOptions } from "playwright-core";
import { test as base, expect } from "vitest";
import { close, launch } from "../../test-support/chromium";
import { Person } from "./person";
import { Server } from "./server";

export type Arrive = (options?: BrowserContextOptions) => Promise<Person>;

interface World {
  chromium: void;
  server: Server;
  arrive: Arrive;
}

export const test = base.extend<World>({
  chromium: [
    async ({}, use) => {
      await launch();
      await use();
      await close();
    },
    { scope: "file", auto: true },
  ],

  server: async ({}, use) => {
    const server = await Server.start();
    await use(server);
    await server.remove();
  },

  arrive: async ({ server, chromium }, use) => {
    void chromium;
    const people: Person[] = [];
    await use(async (options) => {
      const person = await Person.arrive(server.url, options);
      people.push(person);
      return person;
    });
    for (const { context } of people) await context.close();
    expect(people.flatMap(({ complaints }) => complaints)).toEqual([]);
  },
});
