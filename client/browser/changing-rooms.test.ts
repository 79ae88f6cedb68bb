/** How long a change of rooms takes, and what many of them cost. Nothing else runs beside it. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Visit, leave, visit } from "../test-support/browser";
import { close, launch } from "../test-support/chromium";
import { SELF } from "../test-support/room";
import type { MockServer } from "../test-support/server";

const MARIA = { sender: "p8w2e6rt4y1cd", username: "Maria" };
const DESK = { width: 1280, height: 800 };
let current: Visit;

async function open(prepare: (server: MockServer) => void): Promise<Visit> {
  current = await visit(prepare, { viewport: DESK, reducedMotion: "reduce" });
  await current.page.getByText("Online", { exact: true }).waitFor();
  return current;
}

beforeAll(launch);
afterAll(close);
afterEach(async () => {
  expect(current.complaints).toEqual([]);
  await leave(current);
});

test("a change of rooms is quick among 500, and a thousand of them cost no memory", { timeout: 420_000 }, async () => {
  const { page, context } = await open((server) => {
    for (let number = 2; number <= 500; number += 1) {
      const room = server.addRoom(number, `Sala ${number}`);
      for (let count = 1; count <= 30; count += 1) room.say(count % 3 ? MARIA : SELF, `${number}: ${count}`);
      room.position = { seq: 30, version: 0 };
    }
    for (let count = 1; count <= 30; count += 1) server.room.say(MARIA, `1: ${count}`);
  });
  /** Milliseconds from the click to the frame that shows the room's last message. */
  const change = (room: number): Promise<number> =>
    page.evaluate(async (number) => {
      const begin = performance.now();
      document.querySelector<HTMLElement>(`[data-room="${number}"]`)?.click();
      const isThere = (): boolean =>
        [...document.querySelectorAll(".message-text")].at(-1)?.textContent?.startsWith(`${number}: `) === true;
      do await new Promise(requestAnimationFrame);
      while (!isThere());
      return performance.now() - begin;
    }, room);
  const p95 = (times: number[]): number =>
    times.sort((left, right) => left - right)[Math.floor(times.length * 0.95)] ?? 0;
  const cold: number[] = [];
  for (let room = 2; room <= 41; room += 1) cold.push(await change(room));
  const warm: number[] = [];
  for (let round = 0; round < 40; round += 1) warm.push(await change(36 + (round % 6)));

  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  const measure = async (): Promise<Record<string, number>> => {
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    const wanted = ["Nodes", "JSEventListeners", "JSHeapUsedSize"];
    return Object.fromEntries(
      metrics.filter(({ name }) => wanted.includes(name)).map(({ name, value }) => [name, value]),
    );
  };
  const before = await measure();
  for (let changes = 0; changes < 1_000; changes += 1) await change(2 + (changes % 20));
  await change(2);
  const after = await measure();
  console.log(`a change of rooms, p95: cold ${p95(cold).toFixed(0)} ms, from memory ${p95(warm).toFixed(0)} ms`);
  console.log("before and after a thousand changes:", JSON.stringify(before), JSON.stringify(after));
  expect(after["Nodes"]).toBeLessThan((before["Nodes"] ?? 0) * 1.2 + 500);
  expect(after["JSEventListeners"]).toBeLessThan((before["JSEventListeners"] ?? 0) * 1.2 + 100);
  expect(after["JSHeapUsedSize"]).toBeLessThan((before["JSHeapUsedSize"] ?? 0) + 6_000_000);
});
