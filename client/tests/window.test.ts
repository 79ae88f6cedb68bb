import { expect, test } from "vitest";
import { type ShownMessage, showMessage } from "../src/lib/room-state";
import { type Bounds, FIRST_ROWS, MOST_ROWS, around, boundsOf, cut, growDown, growUp, openAt } from "../src/ui/window";
import { OTHER, SELF, message } from "./world";

const log = (first: number, last: number): ShownMessage[] =>
  Array.from({ length: last - first + 1 }, (_, index) => showMessage(message(first + index, { sender: OTHER }), SELF));

/** The first and the last seq that is drawn. */
function drawn(messages: readonly ShownMessage[], bounds: Bounds, atEnd = false): [number?, number?] {
  const { start, end } = cut(messages, bounds, atEnd);
  expect(end - start).toBeLessThanOrEqual(MOST_ROWS);
  return [messages[start]?.seq, messages[end - 1]?.seq];
}

test("opens with few rows at the end, or at the first unread one", () => {
  const messages = log(1, 50);
  expect(drawn(messages, openAt(messages, undefined))).toEqual([35, 50]);
  expect(drawn(messages, openAt(messages, 45))).toEqual([35, 50]);
  expect(drawn(messages, openAt(messages, 10))).toEqual([6, 5 + FIRST_ROWS]);
  expect(drawn([], openAt([], undefined))).toEqual([undefined, undefined]);
});

test("follows the end, and drops rows at its beginning", () => {
  const bounds = openAt(log(1, 50), undefined);
  expect(drawn(log(1, 51), bounds, true)).toEqual([35, 51]);
  expect(drawn(log(1, 600), bounds, true)).toEqual([301, 600]);
});

test("above the end, new messages don't replace the rows in view", () => {
  expect(drawn(log(1, 600), { from: 100, to: Infinity })).toEqual([100, 399]);
});

test("grows at both ends and stays a window", () => {
  const messages = log(1, 1_000);
  let bounds = boundsOf(messages, 950, 1_000);
  for (let times = 0; times < 30; times += 1) bounds = growUp(messages, cut(messages, bounds, false));
  expect(drawn(messages, bounds)).toEqual([1, 300]);
  for (let times = 0; times < 30; times += 1) bounds = growDown(messages, cut(messages, bounds, false));
  expect(drawn(messages, bounds)).toEqual([701, 1_000]);
  expect(bounds.to).toBe(Infinity);
  expect(drawn(messages, around(messages, 400))).toEqual([351, 450]);
});

test("loading older messages doesn't move the window", () => {
  const bounds = boundsOf(log(101, 150), 0, 50);
  expect(drawn(log(1, 150), bounds)).toEqual([101, 150]);
});

test("after a replacement by a shorter history the window is at the end", () => {
  const messages = log(1, 50);
  for (const to of [990, Infinity]) expect(drawn(messages, { from: 951, to })).toEqual([35, 50]);
  const unsent = { ...showMessage(message(51), SELF), seq: undefined };
  expect(cut([...messages, unsent], { from: 951, to: Infinity }, true)).toEqual({ start: 34, end: 51 });
  expect(cut([unsent], { from: 951, to: Infinity }, true)).toEqual({ start: 0, end: 1 });
});
