import { expect, test } from "vitest";
import { Connection } from "../src/lib/connection";
import { MemoryOutbox } from "../src/lib/outbox";
import { Room } from "../src/lib/room";
import {
  greet,
  message,
  onlineRoom,
  openRoom,
  posted,
  settle,
  snapshot,
  texts,
  WELCOME,
  welcome,
  World,
} from "./world";

test("connects again after the backoff, further apart after each failure", () => {
  const { world } = openRoom();
  world.socket.end();
  world.advance(249);
  expect(world.sockets).toHaveLength(1);
  world.advance(1);
  expect(world.sockets).toHaveLength(2);
  world.socket.end();
  world.advance(499);
  expect(world.sockets).toHaveLength(2);
  world.advance(1);
  expect(world.sockets).toHaveLength(3);
});

test("a connection that lasted starts the backoff again, one that didn't doesn't", () => {
  const { world } = openRoom();
  for (let failure = 0; failure < 6; failure += 1) {
    world.socket.end();
    world.advance(15_000);
  }
  greet(world.socket, snapshot());
  world.socket.end(1013);
  world.advance(14_999);
  expect(world.sockets).toHaveLength(7);
  world.advance(1);
  greet(world.socket, snapshot());
  world.advance(10_000);
  world.socket.end();
  world.advance(250);
  expect(world.sockets).toHaveLength(9);
});

test("waits as long as the server says when it restarts, even when the page becomes visible", () => {
  const { world } = onlineRoom();
  world.socket.receive({ type: "reconnect", delay: 1_830 });
  world.socket.end(1012);
  world.wake();
  world.advance(1_829);
  expect(world.sockets).toHaveLength(1);
  world.advance(1);
  expect(world.sockets).toHaveLength(2);
});

test("connects at once when the network returns", () => {
  const { world, room } = onlineRoom();
  world.socket.end();
  expect(room.state.status).toBe("offline");
  world.wake();
  expect(world.sockets).toHaveLength(2);
  expect(room.state.status).toBe("connecting");
});

test("is offline at once when the browser says so, and tries on", () => {
  const { world, room } = onlineRoom();
  const socket = world.socket;
  world.goOffline();
  expect(room.state.status).toBe("offline");
  expect(socket.closed).toBe(true);
  world.goOffline();
  world.advance(250);
  expect(world.sockets).toHaveLength(2);
  world.goOffline();
  expect(room.state.status).toBe("offline");
  world.wake();
  expect(world.sockets).toHaveLength(3);
});

test("reports when it connects again, and connects at once on request", () => {
  const { world, room } = onlineRoom();
  room.reconnect();
  expect(world.sockets).toHaveLength(1);
  world.socket.receive({ type: "reconnect", delay: 12_000 });
  world.socket.end(1012);
  expect(room.state.retryAt).toBe(world.time + 12_000);
  room.reconnect();
  expect(world.sockets).toHaveLength(2);
  expect(room.state).toMatchObject({ status: "connecting", retryAt: undefined });
  world.advance(12_000);
  expect(world.sockets).toHaveLength(2);
});

test("pings when an answer is 3 s late, until it comes", async () => {
  const { world, room } = onlineRoom();
  room.send("Olá!");
  await settle();
  const { ref } = world.socket.lastSent("send");
  world.advance(2_999);
  expect(world.socket.sentOf("ping")).toHaveLength(0);
  world.advance(1);
  expect(world.socket.sentOf("ping")).toHaveLength(1);
  world.socket.receive({ type: "pong" });
  world.advance(3_000);
  expect(world.socket.sentOf("ping")).toHaveLength(2);
  world.socket.receive({ type: "pong" }, { type: "ack", ref, room: 1, seq: 1 });
  world.advance(10_000);
  expect(world.socket.sentOf("ping")).toHaveLength(2);
  expect(room.state.status).toBe("online");
  room.send("Alô?");
  await settle();
  world.advance(13_000);
  expect(room.state.status).toBe("offline");
});

test("says within 5 s of a message that nothing comes any more, and that something came again", async () => {
  const { world, room } = onlineRoom();
  room.send("Olá!");
  await settle();
  world.advance(4_999);
  expect(room.state).toMatchObject({ status: "online", silent: false });
  world.advance(1);
  expect(room.state).toMatchObject({ status: "online", silent: true });
  world.socket.receive({ type: "pong" });
  expect(room.state.silent).toBe(false);
  // The message still waits, and the next probes are answered no more.
  world.advance(8_000);
  expect(room.state.silent).toBe(true);
  world.advance(20_000);
  expect(room.state.silent).toBe(false);
  expect(world.sockets.length).toBeGreaterThan(1);
});

test("a slow answer alone is no silence", async () => {
  const { world, room } = onlineRoom();
  room.send("Olá!");
  await settle();
  for (let second = 0; second < 30; second += 1) {
    world.advance(1_000);
    world.socket.receive({ type: "pong" });
    expect(room.state).toMatchObject({ status: "online", silent: false });
  }
});

test("distinguishes refused sockets, too many sockets, and no network", async () => {
  const { world, room } = openRoom();
  const told: unknown[] = [];
  const refuse = async (answer: () => Promise<Response>): Promise<void> => {
    world.pages.set("/room/1/messages/?before=1", answer);
    world.socket.end();
    await settle();
    told.push(room.state.refused);
    world.advance(1);
  };
  const page = (): Promise<Response> => Promise.resolve(Response.json({ messages: [], more: false }));
  const tooMany = (): Promise<Response> => Promise.resolve(new Response("{}", { status: 429 }));
  const nothing = (): Promise<Response> => Promise.reject(new Error("offline"));
  world.randomness = 0;
  for (const answer of [page, page, nothing, tooMany, tooMany, page]) await refuse(answer);
  expect(told).toEqual([undefined, "unknown", undefined, undefined, "too_many", "unknown"]);
  greet(world.socket, snapshot());
  expect(room.state.refused).toBeUndefined();
});

test("pings after the silence that the server named, and lives on when something comes", () => {
  const { world, room } = onlineRoom();
  world.advance(24_999);
  expect(world.socket.sentOf("ping")).toHaveLength(0);
  world.advance(1);
  expect(world.socket.sentOf("ping")).toHaveLength(1);
  world.socket.receive({ type: "pong" });
  world.advance(24_999);
  expect(room.state.status).toBe("online");
});

test("takes a silent connection for dead after 45 s", () => {
  const { world, room } = onlineRoom();
  const socket = world.socket;
  world.advance(44_999);
  expect(room.state.status).toBe("online");
  world.advance(1);
  expect(room.state.status).toBe("offline");
  expect(socket.closed).toBe(true);
});

test("pings at once when the page becomes visible", () => {
  const { world, room } = onlineRoom();
  world.wake();
  expect(world.socket.sentOf("ping")).toHaveLength(1);
  world.advance(10_000);
  expect(room.state.status).toBe("offline");
});

test("a burst of wake-ups pings once, and doesn't delay the end of a dead connection", () => {
  const { world, room } = onlineRoom();
  for (let second = 0; second < 9; second += 1) {
    world.wake();
    world.wake();
    world.advance(1_000);
  }
  expect(world.socket.sentOf("ping")).toHaveLength(1);
  expect(room.state.status).toBe("online");
  world.advance(1_000);
  expect(room.state.status).toBe("offline");
});

test("a burst of wake-ups makes one attempt at a time", () => {
  const { world } = onlineRoom();
  world.socket.end();
  for (let times = 0; times < 20; times += 1) world.wake();
  expect(world.sockets).toHaveLength(2);
});

test("waits when the server is overloaded, even when the page becomes visible", () => {
  const { world } = onlineRoom();
  world.socket.end(1013);
  world.wake();
  expect(world.sockets).toHaveLength(1);
  world.advance(250);
  expect(world.sockets).toHaveLength(2);
});

test("resumes where it was after it was too slow", () => {
  const { world } = onlineRoom([message(1), message(2)]);
  world.socket.end(4008);
  world.advance(250);
  world.socket.receive(WELCOME);
  expect(world.socket.lastSent("subscribe")).toMatchObject({ after: 2 });
});

test("gives up an attempt that doesn't get anywhere", () => {
  const { world, room } = openRoom();
  world.advance(20_000);
  expect(room.state.status).toBe("offline");
});

test.each([
  [4001, "left"],
  [4003, "ended"],
  [4004, "closed"],
] as const)("close code %i ends the room as %s", (code, status) => {
  const { world, room } = onlineRoom();
  world.socket.end(code);
  expect(room.state.status).toBe(status);
  world.wake();
  world.advance(60_000);
  expect(world.sockets).toHaveLength(1);
});

test.each([
  [401, "ended", 1],
  [403, "left", 3],
  [404, "closed", 3],
] as const)("a refused handshake whose page says %i ends the room as %s", async (code, status, sockets) => {
  const { world, room, connection } = openRoom();
  world.pages.set("/room/1/messages/?before=1", () => Promise.resolve(new Response(null, { status: code })));
  world.socket.end();
  await settle();
  expect(room.state.status).toBe(status);
  // The session ends the connection; a room doesn't, for there may be others.
  world.advance(21_000);
  expect(world.sockets).toHaveLength(sockets);
  connection.stop();
  world.advance(60_000);
  expect(world.sockets).toHaveLength(sockets);
});

test("asks why the server takes no socket for one room, and tells all", async () => {
  const { world, room, connection } = openRoom();
  const other = new Room(2, connection, { environment: world, outbox: new MemoryOutbox() });
  const page = (status: number) => () => Promise.resolve(new Response("{}", { status }));
  world.pages.set("/room/1/messages/?before=1", page(403)).set("/room/2/messages/?before=1", page(429));
  world.randomness = 0;
  for (let times = 0; times < 3; times += 1) {
    world.socket.end();
    await settle();
    world.advance(1);
  }
  expect(world.fetched).toEqual([1, 2, 2].map((id) => `/room/${id}/messages/?before=1`));
  expect([room.state.status, room.state.refused, other.state.refused]).toEqual(["left", undefined, "too_many"]);
});

test("lives without a room, and with many that come and go", () => {
  const world = new World();
  const connection = new Connection("/ws/", world);
  const open = (id: number) => new Room(id, connection, { environment: world, outbox: new MemoryOutbox() });
  connection.start();
  connection.start();
  expect(world.sockets).toHaveLength(1);
  world.socket.receive(welcome());
  const [first, second] = [open(1), open(2)];
  expect(world.socket.sentOf("subscribe").map((frame) => frame.room)).toEqual([1, 2]);
  world.socket.receive({ ...snapshot([message(1)]), ref: 1 }, { ...snapshot([message(4)], { room: 2 }), ref: 2 });
  expect([first.state.status, second.state.status]).toEqual(["online", "online"]);
  first.close();
  expect(world.socket.lastSent("unsubscribe").room).toBe(1);
  world.socket.receive(posted(2), { type: "left", room: 2 });
  expect([texts(first), second.state.status]).toEqual([["message 1"], "left"]);
  world.socket.end();
  const third = open(3);
  expect(third.state).toMatchObject({ status: "offline", retryAt: world.time + 250 });
  world.advance(250);
  world.socket.receive(welcome());
  expect(world.socket.sentOf("subscribe").map((frame) => frame.room)).toEqual([3]);
  connection.stop();
  expect([third.state.status, third.state.retryAt, world.socket.closed]).toEqual(["offline", undefined, true]);
  world.wake();
  world.advance(60_000);
  expect(world.sockets).toHaveLength(2);
  connection.start();
  world.socket.receive(welcome());
  expect(world.socket.sentOf("subscribe").map((frame) => frame.room)).toEqual([3]);
});

test("keeps no more requests on the wire than the server allows", async () => {
  const { world, room } = openRoom();
  world.socket.receive({ ...WELCOME, limits: { ...WELCOME.limits, in_flight: 2 } });
  world.socket.receive({ ...snapshot([message(1)]), ref: 1 });
  const outcomes = [1, 2, 3].map((seq) => room.edit(seq, "new"));
  expect(world.socket.sentOf("edit")).toHaveLength(2);
  world.socket.receive({ type: "ack", ref: 2, room: 1, seq: 2 });
  expect(world.socket.sentOf("edit")).toHaveLength(3);
  world.socket.end();
  expect((await Promise.all(outcomes)).map(({ type }) => type)).toEqual(["ack", "lost", "lost"]);
});

test("ignores what it doesn't know", () => {
  const { world, room } = onlineRoom([message(1)]);
  const data = [`{"type":"confetti","room":1}`, `{"no":"type"}`, "not JSON", new ArrayBuffer(2)];
  for (const each of data) world.socket.onmessage?.({ data: each });
  expect(room.state.status).toBe("online");
});
