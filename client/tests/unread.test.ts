import { expect, test } from "vitest";
import { type ReadPosition, type ShownMessage, showMessage } from "../src/lib/room-state";
import { Unread } from "../src/ui/unread.svelte";
import { OTHER, SELF, message } from "./world";

const shown = (seq: number, sender = OTHER): ShownMessage => showMessage(message(seq, { sender }), SELF);
const log = (first: number, last: number, past = 0, more = false) => ({
  messages: Array.from({ length: last - first + 1 }, (_, index) => shown(first + index)),
  more,
  past,
  resuming: false,
  status: "online" as const,
  read: undefined as ReadPosition | undefined,
});

const at = (seq: number, version = 0): ReadPosition => ({ seq, version });

/** One who saw a room up to `seen`, or comes for the first time. */
function reader(seen?: number): { unread: Unread; stored: () => number | undefined; told: number[] } {
  let stored = seen === undefined ? undefined : at(seen);
  const write = (position: ReadPosition): void => void (stored = position);
  const told: number[] = [];
  const tell = (position: ReadPosition): void => {
    told.push(position.seq);
    write(position);
  };
  const unread = new Unread({ read: () => stored, write: tell, replace: write });
  return { unread, stored: () => stored?.seq, told };
}

test("on the first visit nothing is new", () => {
  const { unread, stored } = reader();
  unread.update(log(1, 50, 50), true);
  expect(unread).toMatchObject({ count: 0, firstNew: undefined });
  expect(stored()).toBe(50);
});

test("the first message of an empty room counts as unread, unless it is on screen", () => {
  for (const looking of [false, true]) {
    const { unread } = reader();
    unread.update({ ...log(1, 0), messages: [] }, looking);
    unread.update(log(1, 1), looking);
    expect(unread.count).toBe(looking ? 0 : 1);
  }
});

test("messages that arrive at the end of the view are seen, those of a resume aren't", () => {
  const { unread, stored } = reader();
  unread.update(log(1, 10, 10), true);
  unread.update(log(1, 12, 10), true);
  expect([unread.count, stored()]).toEqual([0, 12]);
  unread.update(log(1, 20, 37), true);
  unread.update(log(1, 37, 37), true);
  expect(unread).toMatchObject({ count: 25, batch: 25, firstNew: 13, since: shown(13).timestamp });
});

test("nothing of a resume is seen before all of it is there, however slowly it comes", () => {
  const { unread, stored } = reader();
  unread.update(log(1, 12, 12), true);
  for (const last of [13, 20, 36]) {
    unread.update({ ...log(1, last, 37), resuming: true }, true);
    unread.saw(8, last, false);
  }
  unread.update(log(1, 37, 37), true);
  expect([unread.count, unread.firstNew, stored()]).toEqual([25, 13, 12]);
  unread.saw(8, 20, false);
  expect([unread.count, unread.firstNew]).toEqual([17, 13]);
});

test("live messages after an edit aren't taken for missed ones", () => {
  const { unread } = reader();
  unread.update(log(1, 8, 10), true);
  unread.update({ ...log(1, 8, 10), messages: [...log(1, 8).messages, shown(11)] }, true);
  expect(unread.count).toBe(0);
});

test("messages on screen are seen, those above aren't skipped", () => {
  const { unread, stored } = reader(10);
  unread.update(log(1, 37, 37), true);
  unread.saw(30, 37, false);
  expect([unread.count, stored()]).toEqual([27, 10]);
  unread.saw(8, 20, false);
  expect([unread.count, unread.firstNew, unread.batch, stored()]).toEqual([17, 11, 27, 20]);
  unread.saw(19, Infinity, false);
  expect([unread.count, unread.firstNew, stored()]).toEqual([0, 11, 37]);
  unread.answered();
  expect(unread.firstNew).toBeUndefined();
});

test("the mark stays while there is more to read, and goes when all is marked as read", () => {
  const { unread, stored } = reader(10);
  unread.update(log(1, 37, 37), false);
  unread.answered();
  expect(unread.firstNew).toBe(11);
  unread.markRead();
  expect([unread.count, unread.firstNew, stored()]).toEqual([0, undefined, 37]);
});

test("knows when more messages are unread than loaded", () => {
  const { unread } = reader(10);
  unread.update(log(101, 150, 150, true), false);
  expect(unread).toMatchObject({ beyond: true, batch: 50, firstNew: 101 });
  unread.update(log(1, 150, 150, true), false);
  expect(unread).toMatchObject({ beyond: false, batch: 140, firstNew: 11 });
});

test("own messages are never unread, and another tab's reading counts", () => {
  const { unread } = reader(10);
  unread.update({ ...log(1, 10, 12), messages: [...log(1, 10).messages, shown(11, SELF), shown(12)] }, false);
  expect(unread).toMatchObject({ count: 1, firstNew: 12 });
  unread.seenElsewhere(at(12), false);
  expect(unread.count).toBe(0);
});

test("unloaded messages aren't skipped either, until they are marked as read", () => {
  const { unread, stored } = reader(10);
  unread.update(log(101, 150, 150, true), true);
  unread.saw(101, 120, true);
  expect([unread.count, stored()]).toEqual([50, 10]);
  unread.update(log(1, 150, 150, true), true);
  unread.saw(8, 20, true);
  expect([unread.count, stored()]).toEqual([130, 20]);
  unread.update(log(101, 150, 150, true), true);
  unread.markRead();
  expect([unread.count, stored()]).toEqual([0, 150]);
});

test("own messages don't hide unloaded ones before them", () => {
  const { unread, stored } = reader(10);
  const own = Array.from({ length: 50 }, (_, index) => shown(101 + index, SELF));
  const state = { ...log(101, 150, 150, true), messages: own };
  unread.update(state, true);
  unread.update(state, true);
  expect(stored()).toBe(10);
});

test("a lagging tab doesn't undo what was seen in another", () => {
  const { unread, stored } = reader(60);
  unread.update(log(1, 65, 65), false);
  expect([unread.count, stored()]).toEqual([5, 60]);
  unread.seenElsewhere(at(66), false);
  expect([unread.count, stored()]).toEqual([0, 60]);
  unread.update(log(1, 66, 65), false);
  expect([unread.count, stored()]).toEqual([0, 60]);
  unread.update(log(1, 67, 65), false);
  expect([unread.count, unread.firstNew, stored()]).toEqual([1, 67, 60]);
});

test("a message seen in another tab before this one connected is seen when it arrives", () => {
  const { unread, stored } = reader(66);
  unread.update({ ...log(1, 65, 65), status: "connecting" }, false);
  unread.update({ ...log(1, 66, 66), status: "online" }, false);
  expect([unread.count, stored()]).toEqual([0, 66]);
});

test("after a shorter history replaced another, its messages are seen and new ones aren't", () => {
  const { unread, stored } = reader(900);
  unread.update({ ...log(1, 20, 20), status: "connecting" }, false);
  expect([unread.count, stored()]).toEqual([0, 900]);
  unread.update({ ...log(1, 20, 20), status: "online" }, false);
  expect([unread.count, stored()]).toEqual([0, 20]);
  unread.update(log(1, 21, 20), false);
  expect([unread.count, unread.firstNew]).toEqual([1, 21]);
});

test("U goes to the mark, then to the first message that wasn't on screen", () => {
  const { unread } = reader(10);
  unread.update(log(1, 37, 37), false);
  unread.saw(11, 20, false);
  expect([unread.nextAfter(3), unread.nextAfter(11), unread.nextAfter(30), unread.nextAfter(37)]).toEqual([
    11, 21, 31, 21,
  ]);
});

test("a browser that comes for the first time takes what the server knows", () => {
  const { unread, stored, told } = reader();
  unread.update({ ...log(1, 41, 41), status: "connecting" }, true);
  expect([unread.count, stored()]).toEqual([0, undefined]);
  unread.update({ ...log(1, 41, 41), status: "connecting", read: at(38) }, true);
  expect([unread.count, unread.firstNew, stored()]).toEqual([3, 39, 38]);
  unread.update({ ...log(1, 41, 41), read: at(38) }, true);
  unread.saw(30, Infinity, false);
  expect([unread.count, unread.firstNew, stored(), told]).toEqual([0, 39, 41, [41]]);
});

test("what was seen on another device is seen here, and what was seen here is told again", () => {
  const { unread, stored, told } = reader(10);
  unread.update({ ...log(1, 37, 37), read: at(8) }, false);
  expect([unread.count, told]).toEqual([27, [10]]);
  unread.update({ ...log(1, 37, 37), read: at(30) }, false);
  expect([unread.count, stored()]).toEqual([7, 30]);
  unread.update({ ...log(1, 37, 37), read: at(40) }, false);
  unread.update({ ...log(1, 41, 37), read: at(40) }, false);
  expect([unread.count, unread.firstNew, stored()]).toEqual([1, 41, 40]);
});

test("what was marked as unread stays so though it is on screen, until one is back or marks it as read", () => {
  for (const back of ["returned", "markRead", "answered"] as const) {
    const { unread, stored } = reader(37);
    unread.update({ ...log(1, 37, 37), read: at(37) }, true);
    unread.update({ ...log(1, 37, 37), read: at(34, 1) }, true);
    unread.saw(20, Infinity, false);
    expect([unread.count, unread.firstNew, stored()]).toEqual([3, 35, 34]);
    unread.update({ ...log(1, 38, 37), read: at(34, 1) }, true);
    // An older answer may still be on its way.
    unread.update({ ...log(1, 38, 37), read: at(37) }, true);
    expect([unread.count, stored()]).toEqual([4, 34]);
    unread[back]();
    unread.saw(20, Infinity, false);
    expect([unread.count, stored()]).toEqual([0, 38]);
  }
});

test("what was marked as unread before one came is seen once it was on screen", () => {
  const { unread, stored } = reader(37);
  unread.update({ ...log(1, 37, 37), status: "connecting" }, true);
  unread.update({ ...log(1, 37, 37), status: "connecting", read: at(34, 1) }, true);
  unread.update({ ...log(1, 37, 37), read: at(34, 1) }, true);
  expect([unread.count, unread.firstNew, stored()]).toEqual([3, 35, 34]);
  unread.saw(20, Infinity, false);
  expect([unread.count, unread.firstNew, stored()]).toEqual([0, 35, 37]);
});

test("a lower version counts only in another history", () => {
  const { unread, stored } = reader(37);
  unread.update({ ...log(1, 37, 37), read: at(37, 2) }, true);
  unread.update({ ...log(1, 20, 20), status: "connecting", read: at(15) }, true);
  expect(stored()).toBe(37);
  unread.update({ ...log(1, 20, 20), read: at(15) }, false);
  expect([unread.count, stored()]).toEqual([5, 15]);
});
