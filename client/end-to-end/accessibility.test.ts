/** axe on every page, in both themes; and where colours are the system's. */
import { expect } from "vitest";
import { accessibilityFaults } from "../test-support/chromium";
import { becomeAdministrator } from "./support/administrator";
import { test } from "./support/test";
import { tour } from "./support/tour";

test("axe finds nothing on any page", { timeout: 240_000 }, async ({ arrive, server }) => {
  const faults: string[] = [];
  await tour(await arrive({ reducedMotion: "reduce" }), server, async (what, page) => {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      faults.push(...(await accessibilityFaults(page)).map((fault) => `${what}, ${colorScheme}: ${fault}`));
    }
  });
  expect(faults).toEqual([]);
});

test("in the system's contrast colours the current page, language and field are visible", async ({
  arrive,
  server,
}) => {
  const person = await arrive({ forcedColors: "active" });
  const { page } = person;
  await becomeAdministrator(person, server);
  const look = async (selector: string): Promise<string> =>
    page
      .locator(selector)
      .first()
      .evaluate((element) => {
        const { backgroundColor, color, outlineStyle } = getComputedStyle(element);
        return [backgroundColor, color, outlineStyle].join();
      });
  for (const [current, other] of [
    [".page-nav [aria-current]", ".page-nav :not([aria-current])"],
    [".admin-nav [aria-current]", ".admin-nav a:not([aria-current])"],
    [".language-switch [aria-pressed='true']", ".language-switch [aria-pressed='false']"],
  ] as const) {
    expect([current, (await look(current)) === (await look(other))]).toEqual([current, false]);
    expect(await look(current)).toBe(await look(".page-nav [aria-current]"));
  }
  const blurred = await look("#q");
  await page.locator("#q").focus();
  expect(await look("#q")).not.toBe(blurred);
});
