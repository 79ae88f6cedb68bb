/** axe on every page, in both themes. */
import { expect } from "vitest";
import { accessibilityFaults } from "../test-support/chromium";
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
