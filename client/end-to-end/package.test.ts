/**
 * The library as others get it: packed, installed in a folder of its own, and used by a plain
 * program without a page.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test as base } from "vitest";
import { Guest } from "./support/guest";
import { Server } from "./support/server";

const CLIENT = new URL("../", import.meta.url).pathname;
const TOOLS = join(CLIENT, "node_modules");

/**
 * Two people follow room 1 with the library, and one says a line of standard input whenever there
 * is one.
 */
const PROGRAM = `
import { createInterface } from "node:readline";
import { Connection, Room, SUBPROTOCOL, MemoryOutbox, browserEnvironment } from "papo-client";
import { WebSocket } from "ws";

const [url, ...cookies] = process.argv.slice(2);
function follow(cookie) {
  const environment = {
    ...browserEnvironment,
    fetch: (path, signal) => fetch(new URL(path, url), { headers: { cookie }, redirect: "manual", signal }),
    openSocket(address) {
      const socket = new WebSocket(address, SUBPROTOCOL, { headers: { cookie }, origin: url });
      socket.onerror = () => {};
      return socket;
    },
    onWake: () => () => {},
    onOffline: () => () => {},
  };
  const connection = new Connection(url.replace("http", "ws") + "/ws/", environment);
  const room = new Room(1, connection, { environment, outbox: new MemoryOutbox() });
  connection.start();
  return room;
}
const [speaker, listener] = cookies.map(follow);
let shown = "";
listener.subscribe(() => {
  const { status, messages } = listener.state;
  const now = JSON.stringify({ status, messages: messages.map(({ message }) => message) });
  if (now !== shown) console.log((shown = now));
});
createInterface({ input: process.stdin }).on("line", (line) => speaker.send(line));
`;

/** A program in TypeScript that holds the library's types to what they are for. */
const TYPED = `
import { Connection, Room, type RoomState, type ServerFrame } from "papo-client";

const room = new Room(1, new Connection("wss://chat.example/ws/"));
const state: RoomState = room.state;
const online: number = state.online;
export const names: string[] = state.people.map(({ username }) => username);
export function seq(frame: ServerFrame): number | undefined {
  return frame.type === "message" ? frame.seq + online : undefined;
}
// @ts-expect-error: a message is text
room.send(1);
`;

const test = base.extend<{ folder: string; server: Server }>({
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), "papo-package-"));
    const npm = (where: string, ...words: string[]): string =>
      execFileSync("npm", [...words, "--no-audit", "--no-fund", "--loglevel=error"], { cwd: where, encoding: "utf8" });
    const packed = npm(CLIENT, "pack", "--json", "--pack-destination", folder);
    const [{ filename }] = JSON.parse(packed.slice(packed.indexOf("["))) as [{ filename: string }];
    await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
    npm(folder, "install", "--offline", `./${filename}`);
    await symlink(join(TOOLS, "ws"), join(folder, "node_modules", "ws"));
    await use(folder);
    await rm(folder, { recursive: true });
  },

  server: async ({}, use) => {
    const server = await Server.start();
    await use(server);
    await server.remove();
  },
});

/** Waits for a line that says this. */
async function heard(lines: AsyncIterator<string>, status: string, ...messages: string[]): Promise<void> {
  const wanted = JSON.stringify({ status, messages });
  const said: string[] = [];
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    if (line.value === wanted) return;
    said.push(line.value);
  }
  throw new Error(`the program ended without ${wanted}; it said\n${said.join("\n")}`);
}

test("two people talk, and go on after the server was killed", async ({ folder, server }) => {
  const cookies = [await Guest.join(server.url, 1, "Ana"), await Guest.join(server.url, 1, "Bia")].map(
    ({ browserCookie: { name, value } }) => `${name}=${value}`,
  );
  await writeFile(join(folder, "talk.js"), PROGRAM);
  const program: ChildProcess = spawn("node", ["talk.js", server.url, ...cookies], {
    cwd: folder,
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const lines = createInterface({ input: program.stdout! })[Symbol.asyncIterator]();
    await heard(lines, "online");
    program.stdin!.write("Olá!\n");
    await heard(lines, "online", "Olá!");
    await server.kill();
    await heard(lines, "offline", "Olá!");
    program.stdin!.write("Ainda aí?\n");
    await server.restart();
    await heard(lines, "online", "Olá!", "Ainda aí?");
  } finally {
    program.kill();
  }
});

test("includes its types", async ({ folder }) => {
  await writeFile(join(folder, "typed.ts"), TYPED);
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--lib", "es2024,dom"];
  const check = (): string =>
    execFileSync(join(TOOLS, ".bin", "tsc"), [...options, "typed.ts"], { cwd: folder, encoding: "utf8" });
  expect(check).not.toThrow();
});
