import { expect, test } from "vitest";
import { backoffDelay } from "../src/lib/backoff";

test("the wait is between 0 and a bound that doubles up to 30 s", () => {
  const bounds = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
  bounds.forEach((bound, failures) => {
    expect(backoffDelay(failures, 0)).toBe(0);
    expect(backoffDelay(failures, 0.5)).toBe(bound / 2);
    expect(backoffDelay(failures, 1)).toBe(bound);
  });
  expect(backoffDelay(5_000, 1)).toBe(30_000);
});
