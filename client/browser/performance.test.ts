/**
 * What the screen costs the browser. Time is the processor's, so that a busy machine doesn't fail
 * the test.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Visit, leave, visit } from "../test-support/browser";
import { close, launch, painted } from "../test-support/chromium";
import { SELF } from "../test-support/room";
import type { MockServer } from "../test-support/server";

const MARIA = { sender: "p8w2e6rt4y1cd", username: "Maria" };
const MESSAGES = 1_000;
const MEASURED = 20;
const FRAME_MILLISECONDS = 16;
const COUNTERS = ["ScriptDuration", "LayoutDuration", "RecalcStyleDuration"];

beforeAll(launch);
afterAll(close);

function talk({ room }: Pick<MockServer, "room">, first: number, last: number): void {
  for (let number = first; number <= last; number += 1) {
    room.say(number % 3 === 0 ? SELF : MARIA, `message ${number} ${"palavra ".repeat(number % 30)}`);
  }
}

test("one more message among a thousand costs less than a frame", async () => {
  const visited = await visit((server) => talk(server, 1, 50));
  const { page, server } = visited;
  await page.getByText("Online", { exact: true }).waitFor();
  talk(server, 51, MESSAGES);
  await drawn(visited, MESSAGES);
  await idle(page);
  const metrics = await openMetrics(visited);
  const before = await metrics();
  for (let number = MESSAGES + 1; number <= MESSAGES + MEASURED; number += 1) {
    talk(server, number, number);
    await drawn(visited, number);
  }
  const after = await metrics();
  const spent = COUNTERS.map((name) => (after.get(name) ?? NaN) - (before.get(name) ?? NaN));
  const milliseconds = (spent.reduce((sum, seconds) => sum + seconds) * 1_000) / MEASURED;
  console.log(`one message among ${MESSAGES}: ${milliseconds.toFixed(1)} ms of script, style and layout`);
  expect(milliseconds).toBeLessThan(FRAME_MILLISECONDS);
  await leave(visited);
}, 90_000);

test.each([360, 1440])("nothing jumps while the page loads, %i px wide", async (width) => {
  const visited = await visit((server) => talk(server, 1, 60), { viewport: { width, height: 800 } });
  const { page, server } = visited;
  await page.addInitScript(() => {
    const shifts: unknown[] = [];
    Object.assign(window, { shifts });
    const note = (entry: PerformanceEntry & { sources?: { node: Node | null }[]; value?: number }): void => {
      const nodes = entry.sources?.map(({ node }) => (node instanceof Element ? node.className : node?.textContent));
      shifts.push({ value: entry.value, nodes });
    };
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({
      type: "layout-shift",
      buffered: true,
    });
  });
  server.room.people = Array.from({ length: 120 }, (_, index) => ({
    sender: `sender-${index}`,
    username: `P ${index}`,
  }));
  await page.reload();
  await page.getByText("Online", { exact: true }).waitFor();
  await expect.poll(() => page.locator(".message").count()).toBe(50);
  await idle(page);
  expect(await page.evaluate(() => (window as unknown as { shifts: unknown[] }).shifts)).toEqual([]);
  await leave(visited);
});

/** When the browser has nothing more to do, and what it did is painted. */
async function idle(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
  await painted(page);
}

async function drawn({ page }: Visit, number: number): Promise<void> {
  const last = page.locator(".log-part:last-child > .message:last-child .message-text");
  await expect.poll(() => last.textContent(), { timeout: 20_000 }).toMatch(new RegExp(`^message ${number} `));
}

/** The main thread's counters, in seconds. */
async function openMetrics({ page, context }: Visit): Promise<() => Promise<ReadonlyMap<string, number>>> {
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return new Map(metrics.map(({ name, value }) => [name, value]));
  };
}
