import { afterAll, beforeAll, test } from "vitest";
import { leave, visit } from "../test-support/browser";
import { close, launch } from "../test-support/chromium";
import { SELF } from "../test-support/room";

const MARIA = { sender: "p8w2e6rt4y1cd", username: "Maria" };
beforeAll(launch);
afterAll(close);
test("perf", async () => {
  const v = await visit(
    ({ room }) => {
      for (let n = 1; n <= 50; n += 1) room.say(n % 3 ? MARIA : SELF, `message ${n}`);
    },
    { viewport: { width: 1000, height: 800 } },
  );
  const { page, room } = v;
  await page.getByText("Online", { exact: true }).waitFor();
  for (let n = 1; n <= 950; n += 1) room.say(n % 3 ? MARIA : SELF, `fill ${n} ${"palavra ".repeat(n % 30)}`);
  await page.getByText(/^fill 950 /).waitFor();
  await page.waitForTimeout(1500);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" } as never);
  const read = async () =>
    Object.fromEntries((await cdp.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
  await page.evaluate(() => {
    (window as any).tasks = [];
    new PerformanceObserver((l) => (window as any).tasks.push(...l.getEntries().map((e) => e.duration))).observe({
      type: "longtask",
    });
  });
  const count = 20;
  for (const round of [1, 2]) {
    const a = await read();
    for (let n = 0; n < count; n += 1) {
      room.say(n % 3 ? MARIA : SELF, `measured ${round} ${n}`);
      await page.waitForTimeout(150);
    }
    const b = await read();
    const d = (k: string) => ((((b[k] ?? 0) - (a[k] ?? 0)) * 1000) / count).toFixed(2);
    console.log(
      `round ${round}: script ${d("ScriptDuration")} layout ${d("LayoutDuration")} style ${d("RecalcStyleDuration")} task ${d("TaskDuration")} ms/msg; layouts ${b["LayoutCount"]! - a["LayoutCount"]!} nodes ${b["Nodes"]}`,
    );
  }
  console.log(
    "long tasks",
    await page.evaluate(() => JSON.stringify((window as any).tasks)),
    await page.locator(".message").count(),
  );
  await leave(v);
}, 120000);
