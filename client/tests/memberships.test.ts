import { describe, expect, test } from "vitest";
import { Connection } from "../src/lib/connection";
import type { ServerFrame } from "../src/lib/frames";
import { MemoryOutbox } from "../src/lib/outbox";
import { Room } from "../src/lib/room";
import { EPOCH, OTHER, SELF, World, membership, message, posted, snapshot, welcome } from "./world";

const timestamp = "2026-11-24T13:00:00.000Z";

/** A socket that was greeted with these rooms. */
function open(...rooms: Parameters<typeof welcome>) {
  const world = new World();
  const connection = new Connection("/ws/", world);
  connection.start();
  world.socket.receive(welcome(...rooms));
  const unread = (): number[] => connection.memberships.state.map((each) => each.unread);
  return { world, connection, memberships: connection.memberships, unread };
}

const head = (after: number, seq: number, others?: number, own = 0): ServerFrame => ({
  type: "head",
  room: 1,
  after,
  seq,
  posted:
    others === undefined
      ? undefined
      : [
          { sender: OTHER, messages: others },
          { sender: SELF, messages: own },
        ],
});
const told = (...parameters: Parameters<typeof membership>): ServerFrame => ({
  type: "membership",
  ...membership(...parameters),
});

describe("the rooms that one is in", () => {
  test("have the level that one sets once the server has it, whatever else is known", async () => {
    const { world, memberships } = open(membership(1, 5));
    const set = memberships.setLevel(1, "nothing");
    const { ref, level } = world.socket.lastSent("level");
    expect([level, memberships.of(1)?.level]).toEqual(["nothing", "everything"]);
    world.socket.receive(head(5, 6, 1), { ...told(1, 5, { level: "nothing" }), ref } as ServerFrame);
    expect((await set).type).toBe("membership");
    expect(memberships.of(1)).toMatchObject({ level: "nothing", seq: 6, unread: 1 });
  });

  test("are known from the page before the server greets", () => {
    const world = new World();
    const { memberships } = new Connection("/ws/", world);
    memberships.know([membership(1, 5, { unread: 3 })]);
    expect(memberships.of(1)?.unread).toBe(3);
  });

  test("are known from the greeting, and change as the server says", () => {
    const { world, memberships } = open(membership(1, 5), membership(2, 9, { unread: 3 }));
    let changes = 0;
    memberships.subscribe(() => (changes += 1));
    const before = memberships.state;
    expect(before).toMatchObject([
      { room: 1, unread: 0 },
      { room: 2, unread: 3 },
    ]);
    expect(memberships.state).toBe(before);
    world.socket.receive(told(3, 1), told(2, 12), { type: "left", room: 1 });
    expect(memberships.state).toMatchObject([{ room: 2, unread: 0, read: 12 }, { room: 3 }]);
    expect(changes).toBe(3);
    world.socket.end();
    expect(memberships.state).toHaveLength(2);
    world.advance(250);
    world.socket.receive(welcome(membership(2, 12, { unread: 1 })));
    expect(memberships.state).toMatchObject([{ room: 2, unread: 1 }]);
  });

  test("count others' messages of a head that follows, and ask for a membership otherwise", () => {
    const { world, memberships, unread } = open(membership(1, 5));
    world.socket.receive(head(5, 8, 2, 1), head(5, 8, 2, 1), head(2, 4));
    expect([unread(), memberships.of(1)?.seq]).toEqual([[2], 8]);
    expect(memberships.of(1)?.timestamp).toBe(new Date(world.time).toISOString());
    world.advance(500);
    expect(world.socket.sentOf("refresh")).toEqual([]);
    for (const [last, frame] of [head(8, 9), head(12, 13, 1), head(18, 30, 9)].entries()) {
      world.socket.receive(frame);
      world.advance(249);
      expect(world.socket.sentOf("refresh")).toHaveLength(last);
      world.advance(1);
      const { ref, room } = world.socket.lastSent("refresh");
      expect(room).toBe(1);
      world.socket.receive({ ...told(1, 5, { seq: 10 * (last + 1), unread: 7 }), ref } as ServerFrame);
      expect(unread()).toEqual([7]);
    }
  });

  test("no head goes beyond 100, which is 100 or more", () => {
    const { world, unread } = open(membership(1, 5, { unread: 98 }));
    world.socket.receive(head(5, 10, 5));
    expect(unread()).toEqual([100]);
  });

  test("an answer about an earlier moment is taken with what has happened since", () => {
    const { world, unread } = open(membership(1, 5));
    world.socket.receive(head(5, 6, 1), head(6, 7), head(7, 9, 2));
    world.advance(250);
    const { ref } = world.socket.lastSent("refresh");
    world.socket.receive({ ...told(1, 5, { seq: 7, unread: 1 }), ref } as ServerFrame);
    expect(unread()).toEqual([3]);
    world.advance(1_000);
    expect(world.socket.sentOf("refresh")).toHaveLength(1);
    // In the middle of a head, nobody knows what is in it twice.
    world.socket.receive(told(1, 6, { seq: 8, unread: 1 }));
    world.advance(250);
    expect(world.socket.sentOf("refresh")).toHaveLength(2);
  });

  test("a read position that was left already is ignored", () => {
    const { world, memberships } = open(membership(1, 5));
    world.socket.receive(told(1, 8), told(1, 6, { seq: 8, unread: 1 }), told(1, 3, { seq: 8, version: 1, unread: 4 }));
    world.socket.receive(told(1, 8));
    expect(memberships.of(1)).toMatchObject({ read: 3, version: 1, unread: 4 });
  });

  test("a refresh is tried again when the server can't answer, and never where one isn't in the room", () => {
    const { world, memberships } = open(membership(1, 5));
    world.socket.receive(head(5, 6));
    world.advance(250);
    const refuse = (code: "unavailable" | "not_joined", retry?: number): void => {
      const { ref } = world.socket.lastSent("refresh");
      world.socket.receive({ type: "error", ref, code, message: "", retry });
    };
    refuse("unavailable", 2);
    world.advance(2_249);
    expect(world.socket.sentOf("refresh")).toHaveLength(1);
    world.advance(1);
    expect(world.socket.sentOf("refresh")).toHaveLength(2);
    refuse("not_joined");
    world.advance(20_000);
    expect([memberships.state, world.socket.sentOf("refresh").length]).toEqual([[], 2]);
  });

  test("a room that one has left isn't brought back by a late answer", () => {
    const { world, memberships } = open(membership(1, 5));
    world.socket.receive(head(5, 6));
    world.advance(250);
    const { ref } = world.socket.lastSent("refresh");
    world.socket.receive({ type: "left", room: 1 }, { ...told(1, 5, { seq: 6 }), ref } as ServerFrame);
    expect(memberships.state).toEqual([]);
  });

  test("a room that was opened again comes back", () => {
    const { world, memberships } = open();
    world.socket.receive(head(5, 6));
    world.advance(250);
    const { ref } = world.socket.lastSent("refresh");
    world.socket.receive({ ...told(1, 5, { seq: 6 }), ref } as ServerFrame);
    expect(memberships.state).toMatchObject([{ room: 1, seq: 6 }]);
  });

  test("of a followed room the events count, and its name, and its end", () => {
    const { world, connection, memberships, unread } = open(membership(1, 5, { timestamp }));
    new Room(1, connection, { environment: world, outbox: new MemoryOutbox() });
    world.socket.receive({ ...snapshot([message(5)]), ref: 1 });
    const late = "2026-11-24T14:00:00.000Z";
    world.socket.receive(posted(5), posted(6), posted(7, { sender: SELF }), posted(8, { timestamp: late }));
    expect([unread(), memberships.of(1)]).toMatchObject([[2], { seq: 8, timestamp: late }]);
    const changed = { type: "room", room: 1, name: "Novo", description: "", kind: "members", timestamp } as const;
    world.socket.receive({ ...changed, seq: 9, active: true });
    expect(memberships.of(1)).toMatchObject({ name: "Novo", kind: "members", archived: false });
    world.advance(1_000);
    expect(world.socket.sentOf("refresh")).toHaveLength(0);
    world.socket.receive({ type: "deleted", room: 1, seq: 10, target: 6, timestamp });
    world.advance(250);
    expect(world.socket.sentOf("refresh")).toHaveLength(1);
    world.socket.receive({ ...changed, seq: 11, active: false, announcement: true });
    expect(memberships.of(1)).toMatchObject({ archived: true, announcement: true });
  });

  test("what a snapshot skips is asked", () => {
    const { world, connection } = open(membership(1, 5));
    new Room(1, connection, { environment: world, outbox: new MemoryOutbox() });
    world.socket.receive({ ...snapshot([message(9)]), ref: 1 });
    world.advance(250);
    expect(world.socket.sentOf("refresh")).toHaveLength(1);
  });
});

describe("how far one has read", () => {
  test("is told once a second, the last of it", () => {
    const { world, memberships } = open(membership(1, 5, { seq: 20, version: 2 }));
    memberships.read(1, 7);
    world.advance(999);
    memberships.read(1, 9);
    expect(world.socket.sentOf("read")).toEqual([]);
    world.advance(1);
    expect(world.socket.sentOf("read")).toMatchObject([{ room: 1, seq: 9, version: 2 }]);
    memberships.read(1, 11);
    world.advance(5_000);
    expect(world.socket.sentOf("read")).toHaveLength(1);
    const { ref } = world.socket.lastSent("read");
    world.socket.receive({ ...told(1, 9, { seq: 20, version: 2, unread: 3 }), ref } as ServerFrame);
    expect(memberships.of(1)).toMatchObject({ read: 9, unread: 3 });
    world.advance(1_000);
    expect(world.socket.sentOf("read").map(({ seq }) => seq)).toEqual([9, 11]);
    memberships.read(1, 4);
    world.socket.receive({ ...told(1, 11, { seq: 20, version: 2 }), ref: world.socket.lastSent("read").ref } as never);
    world.advance(5_000);
    expect(world.socket.sentOf("read")).toHaveLength(2);
  });

  test("is told again after a lost connection, unless messages were marked as unread meanwhile", () => {
    for (const version of [0, 1]) {
      const { world, memberships } = open(membership(1, 5, { seq: 20 }));
      memberships.read(1, 9);
      world.advance(1_000);
      memberships.read(1, 10);
      world.socket.end();
      world.advance(250);
      world.socket.receive(welcome(membership(1, 5, { seq: 20, version })));
      world.advance(1_000);
      expect(world.socket.sentOf("read").map(({ seq }) => seq)).toEqual(version === 0 ? [10] : []);
    }
  });

  test("before the first greeting waits for it", () => {
    const world = new World();
    const connection = new Connection("/ws/", world);
    connection.memberships.read(1, 9);
    connection.memberships.read(2, 9, 0);
    connection.start();
    world.advance(1_000);
    world.socket.receive(welcome(membership(1, 5, { version: 3 }), membership(2, 5, { version: 3 })));
    world.advance(1_000);
    expect(world.socket.sentOf("read")).toMatchObject([{ room: 1, seq: 9, version: 3 }]);
  });

  test("is told again when the server can't store it, and not when it refuses", () => {
    const { world, memberships } = open(membership(1, 5, { seq: 20 }));
    memberships.read(1, 9);
    world.advance(1_000);
    const refuse = (code: "rate_limited" | "bad_frame", retry?: number): void => {
      world.socket.receive({ type: "error", ref: world.socket.lastSent("read").ref, code, message: "", retry });
    };
    refuse("rate_limited", 3);
    world.advance(2_999);
    expect(world.socket.sentOf("read")).toHaveLength(1);
    world.advance(1);
    expect(world.socket.sentOf("read")).toHaveLength(2);
    refuse("bad_frame");
    world.advance(20_000);
    expect(world.socket.sentOf("read")).toHaveLength(2);
  });

  test("is no further than before what was marked as unread", async () => {
    const { world, memberships } = open(membership(1, 20));
    memberships.read(1, 22);
    const marked = memberships.markUnread(1, 18);
    const { ref } = world.socket.lastSent("unread");
    expect(world.socket.lastSent("unread")).toMatchObject({ room: 1, seq: 18 });
    world.socket.receive({ ...told(1, 17, { seq: 22, version: 1, unread: 5 }), ref } as ServerFrame);
    expect((await marked).type).toBe("membership");
    memberships.read(1, 22, 0);
    world.advance(5_000);
    expect([memberships.of(1)?.unread, world.socket.sentOf("read")]).toEqual([5, []]);
    world.socket.end();
    expect((await memberships.markUnread(1, 18)).type).toBe("lost");
  });

  test("is asked first on a room's own socket", () => {
    const world = new World();
    const connection = new Connection("/ws/chat/1/", world);
    const room = new Room(1, connection, { environment: world, outbox: new MemoryOutbox() });
    connection.start();
    world.socket.receive({ type: "welcome", epoch: EPOCH, sender: SELF, heartbeat: 25, limits: welcome().limits });
    room.read(9);
    expect(room.state.read).toBeUndefined();
    world.advance(250);
    const { ref } = world.socket.lastSent("refresh");
    world.socket.receive({ ...told(1, 5, { seq: 9, version: 1, unread: 2 }), ref } as ServerFrame);
    expect(room.state.read).toEqual({ seq: 5, version: 1 });
    world.advance(1_000);
    expect(world.socket.sentOf("read")).toMatchObject([{ room: 1, seq: 9, version: 1 }]);
  });
});
