import { expect, test } from "vitest";
import { MemoryOutbox } from "../src/lib/outbox";
import { type Part, createParts } from "../src/ui/parts";
import { createRows } from "../src/ui/rows";
import { message, onlineRoom, posted, type World } from "./world";
import type { Room } from "../src/lib";

function follow(room: Room, world: World): (count?: number) => Part[] {
  let parts: Part[] = [];
  let seq = 9;
  return (count = 0) => {
    for (const end = seq + count; seq < end;) world.socket.receive(posted((seq += 1)));
    return (parts = createParts(createRows(room.state.messages, undefined), parts));
  };
}

test("a new message changes the last part, or begins one, and leaves the others alone", () => {
  const { world, room } = onlineRoom([message(5), message(6), message(8), message(9)], {
    outbox: new MemoryOutbox(),
  });
  const parts = follow(room, world);
  const before = parts();
  expect(before.map(({ number, rows }) => [number, rows.length])).toEqual([[1, 4]]);
  const grown = parts(4);
  expect(grown.map(({ number, rows }) => [number, rows.length])).toEqual([
    [1, 4],
    [2, 4],
  ]);
  const last = parts(1);
  expect(last[0]).toBe(grown[0]);
  expect(last[1]).not.toBe(grown[1]);
  expect(last[1]?.rows).toHaveLength(5);
});

test("a message that isn't in the log yet stands where it will be", () => {
  const { world, room } = onlineRoom([message(8), message(9)], { outbox: new MemoryOutbox() });
  const parts = follow(room, world);
  room.send("the next part's first");
  expect(parts().map(({ number, rows }) => [number, rows.length])).toEqual([
    [1, 2],
    [2, 1],
  ]);
});
