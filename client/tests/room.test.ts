import { expect, test } from "vitest";
import { Connection } from "../src/lib/connection";
import type { ServerFrame } from "../src/lib/frames";
import { MemoryOutbox } from "../src/lib/outbox";
import { Room } from "../src/lib/room";
import {
  EPOCH,
  OTHER,
  SELF,
  greet,
  message,
  onlineRoom,
  openRoom,
  posted,
  snapshot,
  texts,
  WELCOME,
  World,
} from "./world";

test("shows the known messages at once and resumes after them", () => {
  const { world, room } = openRoom({ known: snapshot([message(6), message(7)]) });
  expect(texts(room)).toEqual(["message 6", "message 7"]);
  world.socket.receive(WELCOME);
  expect(world.socket.lastSent("subscribe")).toMatchObject({ room: 1, epoch: EPOCH, after: 7 });
  world.socket.receive({ type: "subscribed", ref: 1, room: 1, after: 7, seq: 8, username: "João" }, posted(8));
  expect(room.state.status).toBe("online");
  expect(texts(room)).toEqual(["message 6", "message 7", "message 8"]);
});

test("knows how long a message may be from the page, then from each welcome", () => {
  const world = new World();
  const connection = new Connection("/ws/chat/1/", world);
  const known = { sender: SELF, snapshot: snapshot(), messageCharacters: 10 };
  const room = new Room(1, connection, { environment: world, outbox: new MemoryOutbox(), known });
  expect(room.state.messageCharacters).toBe(10);
  connection.start();
  world.socket.receive({ ...WELCOME, limits: { ...WELCOME.limits, message_characters: 20 } });
  expect(room.state.messageCharacters).toBe(20);
});

test("resumes where it was after a lost connection", () => {
  const { world, room } = onlineRoom([message(1)]);
  world.socket.receive(posted(2));
  world.socket.end();
  world.advance(30_000);
  world.socket.receive(WELCOME);
  expect(world.socket.lastSent("subscribe")).toMatchObject({ epoch: EPOCH, after: 2 });
  world.socket.receive({ type: "subscribed", room: 1, after: 2, seq: 4, username: "João" }, posted(3));
  expect(room.state.resuming).toBe(true);
  world.socket.receive(posted(4));
  expect(room.state.resuming).toBe(false);
  expect(room.state.messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
});

test("shows an event that comes twice once", () => {
  const { world, room } = onlineRoom([message(1)]);
  world.socket.receive(posted(2), posted(2), posted(1));
  expect(room.state.messages.map(({ seq }) => seq)).toEqual([1, 2]);
});

test("counts an event of an unknown kind, and ignores a frame of an unknown type", () => {
  const { world, room } = onlineRoom([message(1)]);
  const unknown = [
    { type: "reacted", room: 1, seq: 2, target: 1, emoji: "👍", timestamp: "2026-11-24T12:00:00.000Z" },
    { type: "confetti", room: 1, seq: 9 },
    { type: "toString", room: 1, seq: 3, timestamp: "2026-11-24T12:00:00.000Z" },
  ] as unknown as ServerFrame[];
  world.socket.receive(...unknown, posted(4));
  expect(texts(room)).toEqual(["message 1", "message 4"]);
  expect(world.socket.sentOf("subscribe")).toHaveLength(1);
});

test("subscribes again on a gap and shows nothing out of order", () => {
  const { world, room } = onlineRoom([message(1)]);
  world.socket.receive(posted(3), posted(4));
  expect(world.socket.sentOf("subscribe")).toHaveLength(2);
  expect(world.socket.lastSent("subscribe")).toMatchObject({ after: 1 });
  expect(room.state.messages.map(({ seq }) => seq)).toEqual([1]);
  world.socket.receive({ type: "subscribed", room: 1, after: 1, seq: 4, username: "João" });
  world.socket.receive(posted(2), posted(3), posted(4));
  expect(room.state.messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
});

test("starts over from a snapshot when the gaps don't close", () => {
  const { world } = onlineRoom([message(1)]);
  for (let gap = 0; gap < 3; gap += 1) {
    world.socket.receive(posted(5), { type: "subscribed", room: 1, after: 1, seq: 5, username: "João" });
  }
  expect(world.socket.sentOf("subscribe").map(({ after }) => after)).toEqual([undefined, 1, 1, undefined]);
});

test("forgets what it had on a reset", () => {
  const { world, room } = onlineRoom([message(1), message(2)]);
  world.socket.end();
  world.advance(30_000);
  world.socket.receive(WELCOME, { type: "reset", ref: 1, room: 1, reason: "epoch" });
  world.socket.receive(snapshot([message(1, { message: "another history" })], { epoch: "other" }));
  expect(texts(room)).toEqual(["another history"]);
  world.socket.receive(posted(2));
  expect(texts(room)).toEqual(["another history", "message 2"]);
  world.socket.end();
  world.advance(30_000);
  world.socket.receive(WELCOME);
  expect(world.socket.lastSent("subscribe")).toMatchObject({ epoch: "other", after: 2 });
});

test("applies edits and deletions", () => {
  const { world, room } = onlineRoom([message(1), message(2), message(3)]);
  const timestamp = "2026-11-24T13:00:00.000Z";
  world.socket.receive({ type: "edited", room: 1, seq: 4, target: 2, message: "better", timestamp });
  world.socket.receive({ type: "deleted", room: 1, seq: 5, target: 3, timestamp });
  world.socket.receive({ type: "deleted", room: 1, seq: 6, target: 99, timestamp });
  world.socket.receive(posted(7, { message: "", deleted: true } as never), posted(8));
  world.socket.receive({ type: "edited", room: 1, seq: 9, target: 99, message: "unknown", timestamp });
  expect(texts(room)).toEqual(["message 1", "better", "message 8"]);
  expect(room.state.messages[1]?.edited).toBe(true);
});

test("an edit that is read again after its message was deleted shows no empty message", () => {
  const { world, room } = onlineRoom([message(1), message(2)]);
  const timestamp = "2026-11-24T13:00:00.000Z";
  world.socket.receive({ type: "edited", room: 1, seq: 3, target: 2, message: "", timestamp, deleted: true });
  expect(texts(room)).toEqual(["message 1"]);
});

test("edits and deletes one's own", async () => {
  const { world, room } = onlineRoom([message(1, { sender: SELF })]);
  const edit = room.edit(1, "better");
  expect(world.socket.lastSent("edit")).toMatchObject({ room: 1, seq: 1, message: "better", ref: 2 });
  world.socket.receive({ type: "ack", ref: 2, room: 1, seq: 2 });
  expect((await edit).type).toBe("ack");
  const remove = room.delete(1);
  expect(world.socket.lastSent("delete")).toMatchObject({ room: 1, seq: 1, ref: 3 });
  world.socket.receive({ type: "error", ref: 3, code: "no_message", message: "no message 1" });
  expect(await remove).toMatchObject({ type: "error", code: "no_message" });
  world.socket.end();
  expect((await room.delete(1)).type).toBe("lost");
});

test("shows a change of the room's name, and stays in an archived room", () => {
  const { world, room } = onlineRoom();
  const event = { type: "room", room: 1, kind: "public", timestamp: "2026-11-24T13:00:00.000Z" } as const;
  world.socket.receive({ ...event, seq: 1, name: "Novo", description: "d", active: true });
  expect(room.state).toMatchObject({ name: "Novo", description: "d", status: "online" });
  world.socket.receive({ ...event, seq: 2, name: "Novo", description: "d", active: false });
  expect(room.state.status).toBe("online");
});

test.each([
  ["not_joined", "left"],
  ["no_room", "closed"],
] as const)("a subscription refused with %s ends the room as %s", (code, status) => {
  const { world, room } = openRoom();
  world.socket.receive(WELCOME, { type: "error", ref: 1, code, message: "" });
  expect(room.state.status).toBe(status);
});

test("ends when the session leaves this room, though others are followed on the same connection", () => {
  const { world, room, connection } = onlineRoom();
  const other = new Room(2, connection, { environment: world, outbox: new MemoryOutbox() });
  world.socket.receive({ type: "left", room: 1 });
  expect(room.state.status).toBe("left");
  world.socket.end();
  world.advance(30_000);
  world.socket.receive(WELCOME);
  expect(world.socket.sentOf("subscribe").map((frame) => frame.room)).toEqual([2]);
  expect([room.state.status, other.state.status]).toEqual(["left", "connecting"]);
});

test("subscribes again later when the server can't answer now", () => {
  const { world } = openRoom();
  world.socket.receive(WELCOME, { type: "error", ref: 1, code: "unavailable", message: "", retry: 2 });
  world.advance(2_000);
  expect(world.socket.sentOf("subscribe")).toHaveLength(2);
});

test("closes a gap though the server can't answer at first, and shows nothing out of order meanwhile", () => {
  const { world, room } = onlineRoom([message(1)]);
  world.socket.receive(posted(3));
  const { ref } = world.socket.lastSent("subscribe");
  world.socket.receive({ type: "error", ref, code: "unavailable", message: "", retry: 2 }, posted(4));
  world.advance(2_000);
  expect(world.socket.sentOf("subscribe")).toHaveLength(3);
  world.socket.receive({ type: "subscribed", room: 1, after: 1, seq: 4, username: "João" }, posted(2), posted(3));
  world.socket.receive(posted(4));
  expect(room.state.messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
});

test("doesn't subscribe twice when the connection is lost before the time to try again", () => {
  const { world } = openRoom();
  world.socket.receive(WELCOME, { type: "error", ref: 1, code: "unavailable", message: "", retry: 5 });
  world.socket.end();
  world.advance(250);
  world.socket.receive(WELCOME);
  world.advance(5_000);
  expect(world.socket.sentOf("subscribe")).toHaveLength(1);
});

test("knows who is online and who types; typing fades or ends with the message", () => {
  const { world, room } = onlineRoom();
  const maria = { sender: OTHER, username: "Maria" };
  world.socket.receive({ type: "presence", room: 1, online: 1, people: [maria] });
  world.socket.receive(
    { type: "typing", room: 1, ...maria },
    { type: "typing", room: 1, sender: "x", username: "Ana" },
  );
  expect(room.state).toMatchObject({
    online: 1,
    people: [maria],
    typing: [{ username: "Maria" }, { username: "Ana" }],
  });
  world.socket.receive(posted(1));
  expect(room.state.typing).toMatchObject([{ username: "Ana" }]);
  world.advance(6_000);
  expect(room.state.typing).toEqual([]);
});

test("hides how many are online while offline, and still distinguishes people", () => {
  const { world, room } = onlineRoom();
  const maria = { sender: OTHER, username: "Maria" };
  world.socket.receive({ type: "presence", room: 1, online: 2, people: [maria] });
  world.socket.end();
  expect(room.state).toMatchObject({ status: "offline", online: 0, people: [maria] });
  world.advance(250);
  greet(world.socket, snapshot());
  expect(room.state).toMatchObject({ status: "online", online: 0 });
  world.socket.receive({ type: "presence", room: 1, online: 3, people: [maria] });
  expect(room.state.online).toBe(3);
});

test("sends typing at most every 3 s, and again after a message", () => {
  const { world, room } = onlineRoom();
  for (let second = 0; second < 6; second += 1) {
    room.typing();
    world.advance(1_000);
  }
  expect(world.socket.sentOf("typing")).toHaveLength(2);
  room.send("done");
  room.typing();
  expect(world.socket.sentOf("typing")).toHaveLength(3);
});

test("the same message is the same object until it changes", () => {
  const { world, room } = onlineRoom([message(1)]);
  const before = room.state.messages[0];
  world.socket.receive(posted(2));
  expect(room.state.messages[0]).toBe(before);
});

test("a live message has its account's mark, and so has one's own before it is sent", () => {
  const { world, room } = onlineRoom([message(1, { sender: SELF, mark: "administrator" })]);
  world.socket.receive(posted(2, { mark: "account" }), posted(3));
  room.send("Olá!");
  const marks = room.state.messages.map(({ mark }) => mark);
  expect(marks).toEqual(["administrator", "account", undefined, "administrator"]);
  const self = { sender: SELF, username: "João" };
  world.socket.receive({ type: "presence", room: 1, online: 1, people: [self] });
  expect(room.state.messages.at(-1)?.mark).toBeUndefined();
});

test("a live message equals the same message in a snapshot", () => {
  const fields = { mark: "account", client_id: "abc", edited: "2026-11-24T13:00:00.000Z", damaged: true } as const;
  const live = onlineRoom();
  live.world.socket.receive(posted(1, fields));
  const read = onlineRoom([message(1, fields)]);
  expect(live.room.state.messages).toEqual(read.room.state.messages);
});
