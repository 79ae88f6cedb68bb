import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { expect, test, vi } from "vitest";
import { IndexedOutbox } from "../src/lib/indexed-outbox";
import type { ServerFrame } from "../src/lib/frames";
import { MemoryOutbox, type Outbox, type OutboxEntry } from "../src/lib/outbox";
import { SELF, greet, message, onlineRoom, openRoom, posted, settle, snapshot, texts, WELCOME, World } from "./world";

const resumed = { type: "subscribed", room: 1, after: 0, seq: 0, username: "João" } as const;

test("shows a message at once, and once when it arrives, before or after its acknowledgement", async () => {
  for (const acknowledgedFirst of [true, false]) {
    const { world, room } = onlineRoom();
    room.send("Olá!");
    expect(room.state.messages).toMatchObject([{ message: "Olá!", state: "pending", own: true }]);
    await settle();
    const { ref, client_id } = world.socket.lastSent("send");
    const key = room.state.messages[0]?.key;
    const ack = { type: "ack", ref, room: 1, seq: 1 } as const;
    const event = posted(1, { message: "Olá!", sender: SELF, client_id });
    world.socket.receive(...(acknowledgedFirst ? [ack, event] : [event, ack]));
    expect(room.state.messages).toMatchObject([{ message: "Olá!", state: "sent", seq: 1, key }]);
  }
});

test("is stored before it is written to the socket", async () => {
  const outbox = new MemoryOutbox();
  let stored: () => void = () => {};
  vi.spyOn(outbox, "put").mockReturnValue(new Promise((resolve) => (stored = resolve)));
  const { world, room } = onlineRoom([], { outbox });
  room.send("Olá!");
  await settle();
  expect(world.socket.sentOf("send")).toHaveLength(0);
  stored();
  await settle();
  expect(world.socket.sentOf("send")).toHaveLength(1);
});

test("a storage that fails or never answers stops nobody", async () => {
  const outbox = new MemoryOutbox();
  vi.spyOn(outbox, "load").mockReturnValue(new Promise(() => {}));
  vi.spyOn(outbox, "put").mockRejectedValue(new Error("quota"));
  const { world, room } = onlineRoom([], { outbox });
  room.send("Olá!");
  await settle();
  world.advance(2_000);
  await settle();
  expect(world.socket.sentOf("send")).toHaveLength(1);
});

test("is sent again with the same id after a lost connection, in order", async () => {
  const { world, room } = onlineRoom();
  for (const text of ["one", "two", "three"]) room.send(text);
  await settle();
  const first = world.socket.lastSent("send");
  world.socket.end();
  world.advance(30_000);
  world.socket.receive(WELCOME, { ...resumed, ref: 1 });
  const sent: string[] = [];
  for (let seq = 1; seq <= 3; seq += 1) {
    const { ref, message: text, client_id } = world.socket.lastSent("send");
    if (seq === 1) expect(client_id).toBe(first.client_id);
    sent.push(text);
    world.socket.receive(posted(seq, { message: text, sender: SELF, client_id }));
    world.socket.receive({ type: "ack", ref, room: 1, seq });
    await settle();
  }
  expect(sent).toEqual(["one", "two", "three"]);
  expect(texts(room)).toEqual(["one", "two", "three"]);
  expect(world.socket.sentOf("send")).toHaveLength(3);
});

test("waits as long as the server says when there were too many, then goes on in order", async () => {
  const { world, room } = onlineRoom();
  room.send("one");
  room.send("two");
  await settle();
  const { ref, client_id } = world.socket.lastSent("send");
  world.socket.receive({ type: "error", ref, code: "rate_limited", message: "", retry: 2 });
  world.advance(1_999);
  expect(world.socket.sentOf("send")).toHaveLength(1);
  world.advance(1);
  expect(world.socket.lastSent("send")).toMatchObject({ message: "one", client_id });
  expect(room.state.messages.map(({ state }) => state)).toEqual(["pending", "pending"]);
});

test("reports how long a message waits after too many", async () => {
  const { world, room } = onlineRoom();
  room.send("one");
  await settle();
  const refuse = (retry: number): void =>
    world.socket.receive({
      type: "error",
      ref: world.socket.lastSent("send").ref,
      code: "rate_limited",
      message: "",
      retry,
    });
  refuse(4);
  expect(room.state.heldUntil).toBe(world.time + 4_000);
  world.advance(4_000);
  refuse(2);
  expect(room.state.heldUntil).toBe(world.time + 2_000);
  world.advance(2_000);
  world.socket.receive({ type: "ack", ref: world.socket.lastSent("send").ref, room: 1, seq: 1 });
  expect(room.state.heldUntil).toBeUndefined();
});

test("a server that can't store for 5 s has stalled, until it stores or there is no connection", async () => {
  const { world, room } = onlineRoom();
  const answer = (frame: object): void =>
    world.socket.receive({ ref: world.socket.lastSent("send").ref, ...frame } as ServerFrame);
  const unavailable = { type: "error", code: "unavailable", message: "", retry: 1 };
  room.send("one");
  await settle();
  answer(unavailable);
  world.advance(4_999);
  expect(room.state.stalled).toBe(false);
  world.advance(1);
  expect(room.state).toMatchObject({ stalled: true, status: "online" });
  answer(unavailable);
  expect(room.state.stalled).toBe(true);
  world.advance(1_000);
  answer({ type: "ack", room: 1, seq: 1 });
  expect(room.state.stalled).toBe(false);
  room.send("two");
  await settle();
  answer(unavailable);
  world.advance(5_000);
  expect(room.state.stalled).toBe(true);
  world.socket.end();
  expect(room.state).toMatchObject({ stalled: false, status: "offline" });
});

test("only what is stored, or nothing to store, ends a stall; administrators are told its cause", async () => {
  const { world, room } = onlineRoom();
  const answer = (frame: object): void =>
    world.socket.receive({ ref: world.socket.lastSent("send").ref, ...frame } as ServerFrame);
  const unavailable = { type: "error", code: "unavailable", message: "", retry: 1 };
  const stall = async (): Promise<void> => {
    answer({ ...unavailable, cause: "disk" });
    world.advance(1_000);
    answer(unavailable);
    world.advance(4_000);
    expect(room.state).toMatchObject({ stalled: true, cause: "disk" });
  };
  room.send("one");
  room.send("two");
  await settle();
  await stall();
  answer({ type: "error", code: "rate_limited", message: "", retry: 1 });
  world.advance(1_000);
  expect(room.state.stalled).toBe(true);
  answer({ type: "error", code: "bad_message", message: "" });
  expect(room.state.stalled).toBe(true);
  answer({ type: "error", code: "bad_message", message: "" });
  expect(room.state).toMatchObject({ stalled: false, cause: undefined });
  room.send("three");
  await settle();
  await stall();
  world.socket.receive(posted(1));
  expect(room.state.stalled).toBe(false);
});

test("a refused message fails, can be tried again or discarded, and holds up no other", async () => {
  const { world, room, outbox } = onlineRoom();
  room.send("bad");
  room.send("good");
  await settle();
  const { ref, client_id } = world.socket.lastSent("send");
  world.socket.receive({ type: "error", ref, code: "bad_message", message: "" });
  expect(room.state.messages[0]).toMatchObject({ state: "failed", failure: "bad_message" });
  expect(world.socket.lastSent("send").message).toBe("good");
  world.socket.receive({ type: "ack", ref: world.socket.lastSent("send").ref, room: 1, seq: 1 });
  await settle();
  room.retry(client_id);
  await settle();
  expect(world.socket.lastSent("send").client_id).toBe(client_id);
  world.socket.receive({ type: "error", ref: world.socket.lastSent("send").ref, code: "bad_message", message: "" });
  room.discard(client_id);
  await settle();
  expect(texts(room)).toEqual(["good"]);
  expect(await outbox.load(1, SELF)).toEqual([]);
});

test("survives the page: the next one sends it with the same id", async () => {
  const factory = new IDBFactory();
  const before = onlineRoom([], { outbox: new IndexedOutbox(factory) });
  before.room.send("Olá!");
  await vi.waitUntil(() => before.world.socket.sentOf("send").length === 1);
  before.connection.stop();
  const after = onlineRoom([], { outbox: new IndexedOutbox(factory) });
  await vi.waitUntil(() => after.world.socket.sentOf("send").length === 1);
  expect(after.world.socket.lastSent("send").client_id).toBe(before.world.socket.lastSent("send").client_id);
  expect(after.room.state.messages).toMatchObject([{ message: "Olá!", state: "pending" }]);
});

test("a message in the page's snapshot isn't sent again; the same text under another id is", async () => {
  const outbox = new IndexedOutbox(new IDBFactory());
  const entry = { room: 1, sender: SELF, message: "Olá!" };
  await outbox.put({ ...entry, client_id: "message-1", order: 1 });
  await outbox.put({ ...entry, client_id: "message-2", order: 2 });
  const known = snapshot([message(1, { message: "Olá!", sender: SELF, client_id: "message-1" })]);
  const { world, room } = openRoom({ outbox, known });
  world.socket.receive(WELCOME, { ...resumed, ref: 1, after: 1, seq: 1 });
  await vi.waitUntil(() => world.socket.sentOf("send").length === 1);
  expect(world.socket.lastSent("send").client_id).toBe("message-2");
  expect(room.state.messages.map(({ state }) => state)).toEqual(["sent", "pending"]);
  expect((await outbox.load(1, SELF)).map(({ client_id }) => client_id)).toEqual(["message-2"]);
});

test("a message older than the snapshot is acknowledged with its first seq and removed", async () => {
  const outbox = new MemoryOutbox();
  await outbox.put({ client_id: "message-1", room: 1, sender: SELF, message: "Olá!", order: 1 });
  const { world, room } = onlineRoom([message(99)], { outbox });
  await settle();
  world.socket.receive({ type: "ack", ref: world.socket.lastSent("send").ref, room: 1, seq: 3 });
  expect(texts(room)).toEqual(["message 99"]);
  expect(await outbox.load(1, SELF)).toEqual([]);
});

test("restores only the person's messages, in order, before newer ones", async () => {
  const outbox = new IndexedOutbox(new IDBFactory());
  const entry = (order: number, fields: Partial<OutboxEntry> = {}): OutboxEntry => {
    return { client_id: `message-${order}`, room: 1, sender: SELF, message: `${order}`, order, ...fields };
  };
  await Promise.all([entry(3), entry(1), entry(2, { failure: "bad_message" })].map((each) => outbox.put(each)));
  await outbox.put(entry(4, { sender: "another" }));
  await outbox.put(entry(5, { room: 2 }));
  const { world, room } = onlineRoom([], { outbox });
  room.send("new");
  await vi.waitUntil(() => world.socket.sentOf("send").length === 1);
  expect(texts(room)).toEqual(["1", "2", "3", "new"]);
  expect(room.state.messages.map(({ state }) => state)).toEqual(["pending", "failed", "pending", "pending"]);
  expect(world.socket.lastSent("send").message).toBe("1");
});

/** An outbox that gives what is in it at that moment when the result is called, and not before. */
function answersLate(outbox: Outbox): () => Promise<void> {
  let answer: (entries: OutboxEntry[]) => void = () => {};
  vi.spyOn(outbox, "load").mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
  return async () => {
    answer(await outbox.load(1, SELF));
    await settle();
  };
}

test("a message that the storage restores late is sent once, before unsent ones", async () => {
  const outbox = new MemoryOutbox();
  const entry = { room: 1, sender: SELF };
  await outbox.put({ ...entry, client_id: "message-1", message: "old", order: 1 });
  await outbox.put({ ...entry, client_id: "message-2", message: "refused", order: 2, failure: "bad_message" });
  const answer = answersLate(outbox);
  const { world, room } = onlineRoom([], { outbox });
  const acknowledge = async (seq: number): Promise<void> => {
    world.socket.receive({ type: "ack", ref: world.socket.lastSent("send").ref, room: 1, seq });
    await settle();
  };
  for (const text of ["acknowledged", "in flight", "new"]) room.send(text);
  world.advance(2_000);
  await settle();
  await acknowledge(1);
  await answer();
  expect(texts(room)).toEqual(["acknowledged", "in flight", "old", "refused", "new"]);
  expect(room.state.messages.map(({ state }) => state)).toEqual(["sent", "pending", "pending", "failed", "pending"]);
  for (const seq of [2, 3, 4]) await acknowledge(seq);
  expect(world.socket.sentOf("send").map((frame) => frame.message)).toEqual([
    "acknowledged",
    "in flight",
    "old",
    "new",
  ]);
  expect((await outbox.load(1, SELF)).map(({ message: text }) => text)).toEqual(["refused"]);
});

test("a message that the storage restores late is sent when nothing else waits", async () => {
  const outbox = new MemoryOutbox();
  await outbox.put({ client_id: "message-1", room: 1, sender: SELF, message: "Olá!", order: 1 });
  const answer = answersLate(outbox);
  const { world, room } = onlineRoom([], { outbox });
  world.advance(10_000);
  await settle();
  expect(texts(room)).toEqual([]);
  await answer();
  expect(room.state.messages).toMatchObject([{ message: "Olá!", state: "pending" }]);
  expect(world.socket.lastSent("send").client_id).toBe("message-1");
});

test("two tabs that send the same entry show it once", async () => {
  const factory = new IDBFactory();
  const one = onlineRoom([], { outbox: new IndexedOutbox(factory) });
  one.room.send("Olá!");
  await vi.waitUntil(() => one.world.socket.sentOf("send").length === 1);
  const two = onlineRoom([], { outbox: new IndexedOutbox(factory) });
  await vi.waitUntil(() => two.world.socket.sentOf("send").length === 1);
  for (const { world, room } of [one, two]) {
    const { ref, client_id } = world.socket.lastSent("send");
    world.socket.receive(posted(1, { message: "Olá!", sender: SELF, client_id }));
    world.socket.receive({ type: "ack", ref, room: 1, seq: 1 });
    expect(room.state.messages).toMatchObject([{ message: "Olá!", state: "sent" }]);
  }
});

test("a message discarded in one tab disappears from the others", async () => {
  const factory = new IDBFactory();
  const outbox = new IndexedOutbox(factory);
  const entry = { room: 1, sender: SELF, message: "bad", failure: "bad_message" } as const;
  await outbox.put({ ...entry, client_id: "message-1", order: 1 });
  await outbox.put({ ...entry, client_id: "message-2", order: 2 });
  const tabs = [1, 2].map(() => onlineRoom([], { outbox: new IndexedOutbox(factory) }).room);
  await vi.waitUntil(() => tabs.every((room) => room.state.messages.length === 2));
  tabs[0]?.discard("message-1");
  await vi.waitUntil(() => tabs.every((room) => room.state.messages.length === 1));
  expect(tabs.map((room) => room.state.messages[0]?.client_id)).toEqual(["message-2", "message-2"]);
  await vi.waitUntil(async () => (await outbox.load(1, SELF)).length === 1);
});

test("a message discarded in another tab stays away, even if the storage restores it late", async () => {
  const factory = new IDBFactory();
  const outbox = new IndexedOutbox(factory);
  const entry = { room: 1, sender: SELF, message: "bad", failure: "bad_message" } as const;
  await outbox.put({ ...entry, client_id: "message-1", order: 1 });
  await outbox.put({ ...entry, client_id: "message-2", order: 2 });
  let answer: (entries: OutboxEntry[]) => void = () => {};
  const entries = await outbox.load(1, SELF);
  vi.spyOn(outbox, "load").mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
  const { room } = onlineRoom([], { outbox });
  const heard = new Promise((resolve) => outbox.onDiscarded(resolve));
  await new IndexedOutbox(factory).discard("message-1");
  await heard;
  answer(entries);
  await settle();
  expect(room.state.messages.map(({ client_id }) => client_id)).toEqual(["message-2"]);
});

test("a message discarded in another tab during a retry isn't kept when it is refused", async () => {
  const factory = new IDBFactory();
  const outbox = new IndexedOutbox(factory);
  const entry = { room: 1, sender: SELF, message: "bad", failure: "bad_message" } as const;
  await outbox.put({ ...entry, client_id: "message-1", order: 1 });
  const { world, room } = onlineRoom([], { outbox: new IndexedOutbox(factory) });
  await vi.waitUntil(() => room.state.messages.length === 1);
  room.retry("message-1");
  await vi.waitUntil(() => world.socket.sentOf("send").length === 1);
  await outbox.discard("message-1");
  await vi.waitUntil(() => room.state.messages.length === 0);
  world.socket.receive({ type: "error", ref: world.socket.lastSent("send").ref, code: "bad_message", message: "" });
  await settle();
  expect(await outbox.load(1, SELF)).toEqual([]);
});

test("a message acknowledged in a replaced history is sent again", async () => {
  const { world, room } = onlineRoom([message(1)]);
  room.send("Olá!");
  await settle();
  const { ref, client_id } = world.socket.lastSent("send");
  world.socket.receive({ type: "ack", ref, room: 1, seq: 2 });
  world.socket.receive({ type: "reset", room: 1, reason: "epoch" }, snapshot([message(1)], { epoch: "other" }));
  await settle();
  expect(world.socket.sentOf("send").map((frame) => frame.client_id)).toEqual([client_id, client_id]);
  expect(room.state.messages).toMatchObject([{ seq: 1 }, { message: "Olá!", state: "pending" }]);
});

test("half a character becomes a replacement character instead of a frame that can't be read", async () => {
  const { world, room } = onlineRoom([message(1, { sender: SELF })]);
  room.send("a\ud83d");
  void room.edit(1, "b\ud83d");
  await settle();
  expect(world.socket.lastSent("send").message).toBe("a\ufffd");
  expect(world.socket.lastSent("edit").message).toBe("b\ufffd");
});

test("comes after the log's last message, however slow the clock, and has the server's time once it is known", async () => {
  const { world, room } = onlineRoom([message(1, { timestamp: "2026-11-25T00:00:00.000Z" })]);
  room.send("Olá!");
  expect(room.state.messages[1]?.timestamp).toBe("2026-11-25T00:00:00.000Z");
  await settle();
  const timestamp = "2026-11-25T00:00:09.000Z";
  world.socket.receive({ type: "ack", ref: world.socket.lastSent("send").ref, room: 1, seq: 2, timestamp });
  expect(room.state.messages[1]?.timestamp).toBe(timestamp);
});

test("stopping the connection in the middle of sending loses nothing", async () => {
  const { room, connection, outbox } = onlineRoom();
  for (const text of ["one", "two"]) room.send(text);
  await settle();
  connection.stop();
  expect(texts(room)).toEqual(["one", "two"]);
  expect(await outbox.load(1, SELF)).toHaveLength(2);
});

test("another person on the same connection doesn't send these messages", async () => {
  const world = new World();
  const { room } = openRoom({ world, known: snapshot() });
  room.send("mine");
  await settle();
  if (WELCOME.type !== "welcome") throw new Error("not a welcome");
  world.socket.receive({ ...WELCOME, sender: "another" }, { ...resumed, ref: 1 });
  await settle();
  expect(world.socket.sentOf("send")).toHaveLength(0);
  expect(texts(room)).toEqual([]);
  greet(world.socket, snapshot());
  await settle();
  expect(texts(room)).toEqual(["mine"]);
});
