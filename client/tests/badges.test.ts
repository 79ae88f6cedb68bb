/**
 * Whatever happens, and in whatever order its frames arrive: in the end the badge of each room is
 * what a count over its log gives.
 */
import { expect, test } from "vitest";
import { Connection } from "../src/lib/connection";
import type { ClientFrame, Membership, Posted, ServerFrame } from "../src/lib/frames";
import { MemoryOutbox } from "../src/lib/outbox";
import { Room } from "../src/lib/room";
import type { RoomEvent } from "../src/lib/select";
import { OTHER, SELF, World, snapshot, welcome } from "./world";

const ROOMS = [1, 2, 3];
const SENDERS = [SELF, OTHER, "x7c5v3b1n9mab"];
const STEPS = 120;
const SEEDS = 300;
const MOST_UNREAD = 100;

type Happening<Event = RoomEvent> = Event extends RoomEvent ? Omit<Event, "room" | "seq" | "timestamp"> : never;

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A room as the server knows it, and what it has told of it on the present socket. */
class ServerRoom {
  readonly log: RoomEvent[] = [];
  read = 0;
  version = 0;
  isFollowed = false;
  /** Heads were told up to here. */
  headed = 0;

  constructor(readonly id: number) {}

  add(happening: Happening): RoomEvent {
    const place = { room: this.id, seq: this.log.length + 1, timestamp: new Date(this.log.length).toISOString() };
    const event = { ...happening, ...place } as RoomEvent;
    this.log.push(event);
    return event;
  }

  get membership(): Membership {
    const gone = new Set(this.log.map((event) => (event.type === "deleted" ? event.target : 0)));
    const messages = this.log.filter((event) => event.type === "message");
    const counted = messages.filter(({ seq, sender }) => seq > this.read && sender !== SELF && !gone.has(seq));
    return {
      room: this.id,
      name: "Geral",
      kind: "public",
      role: "member",
      username: "João",
      seq: this.log.length,
      timestamp: messages.at(-1)?.timestamp,
      read: this.read,
      version: this.version,
      unread: Math.min(MOST_UNREAD, counted.length),
      level: "everything",
    };
  }

  /** What the log has gained since the last head, if it has. */
  head(): ServerFrame | undefined {
    const after = this.headed;
    const events = this.log.slice(after);
    this.headed = this.log.length;
    if (events.length === 0) return undefined;
    const posted: Posted[] = SENDERS.map((sender) => ({
      sender,
      messages: events.filter((event) => event.type === "message" && event.sender === sender).length,
    }));
    const plain = events.every(({ type }) => type === "message" || type === "edited");
    return { type: "head", room: this.id, after, seq: this.log.length, posted: plain ? posted : undefined };
  }
}

class Trial {
  readonly world = new World();
  readonly connection = new Connection("/ws/", this.world);
  readonly server = ROOMS.map((id) => new ServerRoom(id));
  readonly open = new Map<number, Room>();
  /** On their way to the client: answers, notices and news each keep their order, and no other. */
  wires: ServerFrame[][] = [[], [], []];
  handled = 0;

  constructor(readonly random: () => number) {
    this.connection.start();
    this.greet();
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  greet(): void {
    this.handled = 0;
    this.wires = [[], [], []];
    for (const room of this.server) {
      room.isFollowed = false;
      room.headed = room.log.length;
    }
    this.world.socket.receive(welcome(...this.server.map((room) => room.membership)));
  }

  answer(frame: ServerFrame): void {
    this.wires[0]!.push(frame);
  }

  notify(frame: ServerFrame): void {
    this.wires[1]!.push(frame);
  }

  add(room: ServerRoom, happening: Happening): void {
    const event = room.add(happening);
    if (room.isFollowed) this.notify(event);
  }

  /** The server takes the next request, if there is one. */
  handle(): boolean {
    const frame = this.world.socket.sent[this.handled];
    if (frame === undefined) return false;
    this.handled += 1;
    const room = "room" in frame ? this.server.find(({ id }) => id === frame.room) : undefined;
    if (room !== undefined) this.serve(room, frame);
    return true;
  }

  serve(room: ServerRoom, frame: ClientFrame): void {
    const { ref } = frame;
    const end = room.log.length;
    if (frame.type === "read" && frame.version >= room.version)
      room.read = Math.max(room.read, Math.min(end, frame.seq));
    else if (frame.type === "unread") {
      room.read = Math.max(0, Math.min(end, frame.seq - 1));
      room.version += 1;
    } else if (frame.type === "subscribe") {
      room.isFollowed = true;
      const about = { ref, room: room.id, username: "João" };
      if (frame.after === undefined) this.notify({ ...snapshot([], { seq: end }), ...about });
      else {
        this.notify({ type: "subscribed", ...about, after: frame.after, seq: end });
        for (const event of room.log.slice(frame.after)) this.notify(event);
      }
    } else if (frame.type === "unsubscribe") {
      room.isFollowed = false;
      room.headed = end;
      this.notify({ type: "ack", ref, room: room.id });
    }
    const tells = frame.type === "read" || frame.type === "unread" || frame.type === "refresh";
    if (tells) this.answer({ type: "membership", ref, ...room.membership });
  }

  deliver(): boolean {
    const filled = this.wires.filter((wire) => wire.length > 0);
    const frame = filled[this.below(filled.length)]?.shift();
    if (frame !== undefined) this.world.socket.receive(frame);
    return frame !== undefined;
  }

  reconnect(): void {
    const { length } = this.world.sockets;
    this.world.socket.end();
    while (this.world.sockets.length === length) this.world.advance(250);
    this.greet();
  }

  /** Heartbeats are answered at once. */
  advance(milliseconds: number): void {
    const before = this.world.socket.sentOf("ping").length;
    this.world.advance(milliseconds);
    if (this.world.socket.sentOf("ping").length > before) this.world.socket.receive({ type: "pong" });
  }

  /** `reads`: the person reads too, which has everything counted anew. */
  step(reads: boolean): void {
    const room = this.server[this.below(ROOMS.length)]!;
    const { id, log } = room;
    const any = 1 + this.below(log.length + 1);
    const last = this.connection.memberships.of(id)?.seq ?? 0;
    const message = { type: "message", message: "Olá!", username: "Maria" } as const;
    const actions: [weight: number, act: () => void][] = [
      [10, () => this.add(room, { ...message, sender: SENDERS[this.below(3)]! })],
      [1, () => Array.from({ length: 40 }, () => this.add(room, { ...message, sender: OTHER }))],
      [2, () => this.add(room, { type: "deleted", target: any })],
      [2, () => this.add(room, { type: "edited", target: any, message: "Alô!" })],
      [1, () => this.add(room, { type: "room", name: "Geral", description: "", active: true, kind: "public" })],
      [reads ? 3 : 0, () => this.connection.memberships.read(id, Math.max(1, last - this.below(3)))],
      [reads ? 1 : 0, () => void this.connection.memberships.markUnread(id, any)],
      [reads ? 2 : 0, () => this.readElsewhere(room, any)],
      [2, () => this.toggle(id)],
      [1, () => this.reconnect()],
      [8, () => this.advance(this.below(700))],
      [10, () => void this.handle()],
      [12, () => void this.deliver()],
      [4, () => this.tellHeads()],
    ];
    let choice = this.below(actions.reduce((sum, [weight]) => sum + weight, 0));
    actions.find(([weight]) => (choice -= weight) < 0)?.[1]();
  }

  /** Another device has read, or marked as unread. */
  readElsewhere(room: ServerRoom, seq: number): void {
    if (this.below(3) === 0) {
      room.read = Math.min(room.log.length, seq - 1);
      room.version += 1;
    } else room.read = Math.max(room.read, Math.min(room.log.length, seq));
    this.wires[2]!.push({ type: "membership", ...room.membership });
  }

  toggle(id: number): void {
    const room = this.open.get(id);
    this.open.delete(id);
    if (room !== undefined) room.close();
    else this.open.set(id, new Room(id, this.connection, { environment: this.world, outbox: new MemoryOutbox() }));
  }

  tellHeads(): boolean {
    const heads = this.server.filter(({ isFollowed }) => !isFollowed).flatMap((room) => room.head() ?? []);
    for (const head of heads) this.notify(head);
    return heads.length > 0;
  }

  /** Nothing more happens, and everything arrives. */
  settle(): void {
    for (let quiet = 0; quiet < 5; quiet += 1) {
      while (this.handle() || this.deliver() || this.tellHeads()) quiet = 0;
      this.advance(1_100);
    }
  }
}

test("a badge is a count over the log", () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const trial = new Trial(numbers(seed));
    for (let step = 0; step < STEPS; step += 1) trial.step(step < STEPS / 2);
    trial.settle();
    const shown = trial.connection.memberships.state.map(({ timestamp, ...membership }) => membership);
    const counted = trial.server.map(({ membership: { timestamp, ...membership } }) => membership);
    expect(shown, `seed ${seed}`).toEqual(counted);
  }
});
