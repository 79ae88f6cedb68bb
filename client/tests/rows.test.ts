import { expect, test } from "vitest";
import { showMessage } from "../src/lib/room-state";
import { isTooLong } from "../src/ui/length";
import { createRows } from "../src/ui/rows";
import { OTHER, SELF, message } from "./world";

const at = (seq: number, time: string, sender = OTHER, username = "Maria") =>
  showMessage(message(seq, { sender, username, timestamp: new Date(`2026-11-${time}`).toISOString() }), SELF);

test("groups what one person says within five minutes of a day", () => {
  const rows = createRows(
    [
      at(1, "23T23:58:00"),
      at(2, "24T00:01:00"),
      at(3, "24T00:05:00"),
      at(4, "24T00:11:00"),
      at(5, "24T00:11:30", SELF),
      at(6, "24T00:12:00", SELF, "Johnny"),
    ],
    undefined,
  );
  expect(rows.map(({ startsDay }) => startsDay)).toEqual([true, true, false, false, false, false]);
  expect(rows.map(({ startsGroup }) => startsGroup)).toEqual([true, true, false, true, true, true]);
  expect(rows.map(({ endsGroup }) => endsGroup)).toEqual([true, false, true, true, true, true]);
});

test("a group ends where the new messages begin", () => {
  const rows = createRows([at(1, "24T10:00:00"), at(2, "24T10:00:10")], 2);
  expect(rows[1]).toMatchObject({ startsNew: true, startsGroup: true });
  expect(rows[0]?.endsGroup).toBe(true);
});

test("a log keeps a bounded size, on screen and in the background", () => {
  expect(isTooLong(1_200, true, 0)).toBe(false);
  expect(isTooLong(1_201, true, 0)).toBe(true);
  expect(isTooLong(20_000, false, 10)).toBe(false);
  expect(isTooLong(5_000, false, 4_001)).toBe(true);
});
